import { createHash } from 'node:crypto';
import { SchemaValidator, readRequest } from '@esinet/handover';
import { expect, it } from 'vitest';
import { taskText, wishSchema } from './task-text.js';

const validator = new SchemaValidator();
const now = Date.parse('2026-03-05T10:00:00.500Z');
const text = (wish: object): Buffer =>
  Buffer.from(taskText(wishSchema.parse(wish), { deliveryUrl: 'https://authority.lab/hi1', wallMs: now }));

it(
  'asks for records as TS 103 120 has it, with a hash that fits its selectors',
  { meta: { clause: ['TS 103 120 8.3', 'TS 103 707 D.4'] } },
  () => {
    const about = ['sip:a&b@provider.lab', '34600000001'];
    const xml = text({ ldid: 'ES-LAB-1', about, categories: ['Location'] });
    expect(validator.validate(xml)).toMatchObject({ ok: true });
    const read = readRequest(xml);
    const task = read.ok ? read.value.actions[1] : undefined;
    expect(task).toMatchObject({
      kind: 'create',
      object: {
        reference: { kind: 'LDID', value: 'ES-LAB-1' },
        categories: ['Location'],
        ...{ from: '2026-03-05T09:00:00Z', until: '2026-03-05T10:00:00Z' },
        destinations: [{ kind: 'URL', value: 'https://authority.lab/hi1', format: 'TS103707' }],
      },
    });
    const values = task?.kind === 'create' && task.object.kind === 'task' ? task.object.selectors : [];
    const of = (format: string): string => values.find((each) => each.format === format)?.value ?? '';
    const digest = createHash('sha256').update(Buffer.from(of('SelectorSalt'), 'hex'));
    expect(digest.update('sip:a&b@provider.lab\ntel:+34600000001').digest('hex')).toBe(of('SelectorDigest'));
    const running = text({
      liid: 'LAB3',
      about: ['urn:emergency:uid:callid:abc:app.lab'],
      categories: ['Traffic'],
    });
    expect(validator.validate(running)).toMatchObject({ ok: true });
    expect(readRequest(running)).toMatchObject({
      value: { actions: [{}, { object: { reference: { kind: 'LIID' }, until: '2026-03-12T10:00:00Z' } }] },
    });
  },
);
