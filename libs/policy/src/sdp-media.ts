export interface OfferedMedia {
  /** audio, video, text, message, … */
  readonly media: string;
  /** BCP 47 in lower case, of either direction (RFC 8373 5.2). */
  readonly languages: readonly string[];
}

/** Media descriptions read of one offer. */
const MAX_MEDIA = 50;

/** The media of an offer that are not turned down by port 0 (RFC 8866 5.14, RFC 3264 5.1). */
export function offeredMedia(sdp: string): OfferedMedia[] {
  const all: { media: string; port: number; languages: string[] }[] = [];
  for (const line of sdp.split(/\r\n|\n|\r/)) {
    const [, media, port] = /^m=([A-Za-z0-9-]+) (\d{1,5})[ /]/.exec(line) ?? [];
    if (media !== undefined && all.length < MAX_MEDIA)
      all.push({ media: media.toLowerCase(), port: Number(port), languages: [] });
    const [, tags] = /^a=hlang-(?:send|recv):(.{1,500})$/.exec(line) ?? [];
    if (tags !== undefined)
      all.at(-1)?.languages.push(...tags.replaceAll('*', '').trim().toLowerCase().split(/\s+/));
  }
  return all.filter(({ port }) => port !== 0);
}
