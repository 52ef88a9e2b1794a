import { PullView } from '@esinet/element-handover';
import { psapConfigSchema, startPsap } from '@esinet/element-psap';
import { MemoryRecords } from '@esinet/platform';
import { certificateAuthority } from '@esinet/testing';
import { expect, it, onTestFinished } from 'vitest';

/** TS 103 707 Annex D: a small footprint outside of the protected domain, and no way from there into it. */
it('the hand-over pulls what the PSAP offers, however many pages it takes, and learns when it may not', async () => {
  const ca = await certificateAuthority();
  const [own, reader, stranger] = await Promise.all([
    ca.issue({ names: ['IP:127.0.0.1', 'URI:sip:psap.esinet.internal'] }),
    ca.issue({ names: ['URI:sip:handover.esinet.lab'] }),
    ca.issue({ names: ['URI:sip:esrp.esinet.lab'] }),
  ]);
  const records = new MemoryRecords();
  // More than one page, and keys that a URL has to write otherwise.
  const many = Array.from({ length: 1_020 }, (_, i) => `a/é&=? ${String(i).padStart(4, '0')}`);
  await records.write(many.map((key, i) => ({ kind: 'put', collection: 'messages', key, value: { i } })));
  await records.put('chats', 'a', { chat: 'a' });
  const psap = await startPsap(
    psapConfigSchema.parse({
      ...{ listeners: [{ name: 'psap', transport: 'udp', port: 0 }], http: { port: 0 } },
      transfer: { listen: { port: 0 } },
      recordsView: { port: 0, readers: ['URI:sip:handover.esinet.lab'] },
    }),
    { records },
    { tls: own },
  );
  onTestFinished(() => psap.close());
  const url = `https://127.0.0.1:${psap.also?.[0]?.port ?? 0}/records/`;
  const viewOf = (tls: typeof reader) => {
    const view = new PullView({ url, timeoutMs: 10_000, tls });
    onTestFinished(() => view.close());
    return view;
  };
  const view = viewOf(reader);
  expect(await view.check()).toBeUndefined();
  expect(await view.get('chats', 'a')).toEqual({ chat: 'a' });
  expect(await view.get('chats', 'none')).toBeUndefined();
  const all = { prefix: 'a/', limit: 5_000 };
  expect((await view.list('messages', all)).map(({ key }) => key)).toEqual(many);
  const part = { after: 'a/é&=? 0003', limit: 2 };
  expect(await view.list('messages', part)).toEqual(await records.list('messages', part));
  expect(await view.list('messages', { ...part, reverse: true })).toHaveLength(2);
  await expect(view.list('transfers')).rejects.toMatchObject({ code: 'refused' });
  expect(await viewOf(stranger).check()).toContain('403');
  await psap.close();
  await expect(view.get('chats', 'a')).rejects.toMatchObject({ code: 'unreachable' });
});
