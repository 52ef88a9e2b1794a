import { type Agreement, covers } from '@esinet/chat-transfer';
import { isSipUri, sipUriSchema } from '@esinet/platform';
import { parseUri } from '@esinet/sip';
import { z } from 'zod';

/** What two PSAPs have agreed on (TS 103 698 6.2.6, 6.2.7), for all or some centres of this process. */
export interface CentreAgreement extends Agreement {
  /** User parts of own centres it is for; all if not given. */
  readonly centres?: readonly string[];
}

const agreementSchema = z.strictObject({
  name: z.string().min(1).max(100),
  uris: z
    .array(
      z
        .string()
        .refine(
          (text) => isSipUri(text) && parseUri(text)?.user !== undefined,
          'expected a SIP URI or sip:*@domain',
        ),
    )
    .min(1)
    .max(1_000),
  url: z
    .string()
    .refine(
      (text) => URL.canParse(text) && new URL(text).protocol === 'https:' && new URL(text).username === '',
      'expected an https URL',
    ),
  sanUri: sipUriSchema.exactOptional(),
  may: z.array(z.enum(['transfer', 'redirect', 'receive'])).default(['transfer', 'redirect', 'receive']),
  centres: z.array(z.string().min(1)).exactOptional(),
});

export const agreementsSchema = z.array(agreementSchema).max(1_000).default([]);

/** The first agreement that allows that between a centre of ours and a PSAP. */
export function agreementFor(
  agreements: readonly CentreAgreement[],
  centre: string,
  uri: string,
  wish: Agreement['may'][number],
): CentreAgreement | undefined {
  return agreements.find(
    (agreement) =>
      agreement.may.includes(wish) && (agreement.centres?.includes(centre) ?? true) && covers(agreement, uri),
  );
}
