import { BACKSLASH, COMMA, DQUOTE, GT, LT, trimBlanks } from './lexical.js';

/** Splits at the commas that stand outside quotes and angle brackets (RFC 3261 7.3.1). Empty members are dropped. */
export function splitList(text: string): string[] {
  const members: string[] = [];
  splitInto(members, text);
  return members;
}

/** As `splitList`, added to the members of the lines before. */
export function splitInto(members: string[], text: string): void {
  if (!text.includes(',')) return addMember(members, text);
  let start = 0;
  let quoted = false;
  let bracketed = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (quoted) {
      if (code === BACKSLASH) i++;
      else if (code === DQUOTE) quoted = false;
    } else if (code === DQUOTE) quoted = true;
    else if (code === LT) bracketed = true;
    else if (code === GT) bracketed = false;
    else if (code === COMMA && !bracketed) {
      addMember(members, text.slice(start, i));
      start = i + 1;
    }
  }
  addMember(members, start === 0 ? text : text.slice(start));
}

function addMember(members: string[], raw: string): void {
  const member = trimBlanks(raw);
  if (member.length > 0) members.push(member);
}

/** Offset of the first top-level comma in `bytes[start, end)`, or `end`. */
export function firstMemberEnd(bytes: Uint8Array, start: number, end: number): number {
  let quoted = false;
  let bracketed = false;
  for (let i = start; i < end; i++) {
    const code = bytes[i]!;
    if (quoted) {
      if (code === BACKSLASH) i++;
      else if (code === DQUOTE) quoted = false;
    } else if (code === DQUOTE) quoted = true;
    else if (code === LT) bracketed = true;
    else if (code === GT) bracketed = false;
    else if (code === COMMA && !bracketed) return i;
  }
  return end;
}
