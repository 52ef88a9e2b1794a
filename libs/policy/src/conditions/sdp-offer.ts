import { type ConditionKind, cost } from '../condition.js';
import { type OfferedMedia, offeredMedia } from '../sdp-media.js';

/** Members and the media they stand for. MSRP is `message`; `text` is either of the two kinds of text. */
const kinds = {
  audio: { words: 'audio', lang: 'langAudio', media: ['audio'] },
  video: { words: 'video', lang: 'langVideo', media: ['video'] },
  rtt: { words: 'real-time text', lang: 'langRtt', media: ['text'] },
  im: { words: 'messages', lang: 'langIm', media: ['message'] },
  text: { words: 'text', lang: 'langText', media: ['text', 'message'] },
} as const;
type Kind = keyof typeof kinds;

interface Asked {
  readonly media: readonly string[];
  readonly languages: readonly string[];
}

/**
 * NENA-STA-010 3.3.3.1.16: media that the offer has, and the human languages it has for them (RFC 8373). All that is asked
 * for has to be there, of a list of languages one.
 */
export const sdpOffer: ConditionKind = {
  type: 'SdpOfferCondition',
  read(fields) {
    const asked: Asked[] = [];
    const words: string[] = [];
    for (const kind of Object.keys(kinds) as Kind[]) {
      const { media, lang, words: word } = kinds[kind];
      const wanted = fields.flag(kind);
      const languages = fields.texts(lang, '["es", "ca"]') ?? [];
      const preference = `${lang}Pref`;
      if (fields.raw(preference) !== undefined) fields.wrong(preference, 'is not supported', `use ${lang}`);
      if (!wanted && languages.length === 0) continue;
      asked.push({ media, languages: languages.map((each) => each.toLowerCase()) });
      words.push(languages.length === 0 ? word : `${word} in ${languages.join(' or ')}`);
    }
    if (asked.length === 0)
      return fields.refuse('asks for no media', `true for one of ${Object.keys(kinds).join(', ')}`);
    return {
      text: `the offer has ${words.join(', ')}`,
      cost: cost.body,
      holds(call) {
        const [part] = call.partsOf('application/sdp');
        if (!part) return false;
        const offered = offeredMedia(part.body.toString('latin1'));
        return asked.every((each) => offered.some((media) => fits(media, each)));
      },
    };
  },
};

function fits(offered: OfferedMedia, { media, languages }: Asked): boolean {
  if (!media.includes(offered.media)) return false;
  // RFC 4647 3.3.1: `es` is found in `es-MX`.
  return (
    languages.length === 0 ||
    languages.some((range) => offered.languages.some((tag) => tag === range || tag.startsWith(`${range}-`)))
  );
}
