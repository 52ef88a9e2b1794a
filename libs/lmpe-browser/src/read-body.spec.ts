import { expect, it } from 'vitest';
import { maxIncomingDepth, maxIncomingParts, readBody } from './read-body.js';

const part = (type: string, content: string, more = ''): string =>
  `--b\r\nContent-Type: ${type}\r\n${more}\r\n${content}\r\n`;

it('a text is the body itself, with and without a Content-Type', () => {
  expect(readBody('text/plain; charset=utf-8', 'Hello 👋')).toEqual({ texts: ['Hello 👋'] });
  expect(readBody(undefined, 'Hello')).toEqual({ texts: ['Hello'] });
  expect(readBody('text/plain', '')).toEqual({ texts: [] });
});

it(
  'finds the texts of a multipart, nested ones too, and tells the rest by a fingerprint',
  { meta: { clause: 'RFC 2046 5.1' } },
  () => {
    const inner = '--i\r\nContent-Type: text/plain\r\n\r\ninside\r\n--i--\r\n';
    const body =
      'preamble\r\n' +
      part('text/plain', 'first\r\n\r\nsecond') +
      part('multipart/alternative; boundary="i"', inner) +
      part('image/png', 'xyz') +
      part('application/pidf+xml', '<presence/>') +
      '--b--\r\nepilogue';
    const read = readBody('multipart/mixed; charset=utf-8; Boundary="b"', body);
    expect(read.texts).toEqual(['first\r\n\r\nsecond', 'inside']);
    expect(read.content).toMatch(/^3-[0-9a-f]+$/);
    const other = readBody('multipart/mixed; boundary=b', body.replace('xyz', 'xyy'));
    expect(other.content).not.toBe(read.content);
    expect(
      readBody('multipart/mixed; boundary=b', part('text/plain', 'a') + '--b--').content,
    ).toBeUndefined();
  },
);

it('reads base64, bare line ends, folded headers, a part without headers and one that is not closed', () => {
  const body =
    '--b\nContent-Type: text/plain;\n charset=utf-8\nContent-Transfer-Encoding: BASE64\n\nSMOpw6kg\n8J+Rjg==\n--b\n\nbare';
  expect(readBody('multipart/mixed;boundary=b', body).texts).toEqual(['Héé 👎', 'bare']);
});

it('a delimiter within a line is text', () => {
  const body = part('text/plain', 'a --b is no delimiter') + '--b--';
  expect(readBody('multipart/mixed;boundary=b', body).texts).toEqual(['a --b is no delimiter']);
});

it('bounds what it looks at, and never throws', () => {
  const many = part('text/plain', 'x').repeat(maxIncomingParts * 2);
  expect(readBody('multipart/mixed;boundary=b', many).texts.length).toBeLessThanOrEqual(maxIncomingParts);
  let nested = 'deep';
  let type = 'text/plain';
  for (let i = 0; i <= maxIncomingDepth; i++) {
    nested = `--n${i}\r\nContent-Type: ${type}\r\n\r\n${nested}\r\n--n${i}--`;
    type = `multipart/mixed;boundary=n${i}`;
  }
  expect(readBody(type, nested).texts).toEqual([]);
  for (const odd of [
    'multipart/mixed',
    'multipart/mixed;boundary',
    'multipart/mixed;boundary="',
    ';;;',
    '=',
  ]) {
    expect(readBody(odd, '--\r\n\r\n--').texts.length).toBeLessThanOrEqual(1);
  }
  expect(readBody('text/plain', '--b\r\nContent-Transfer-Encoding: base64').texts).toHaveLength(1);
});
