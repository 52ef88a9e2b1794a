import { type Socket, connect } from 'node:net';
import { type Fault, pause } from './fault.js';
import { limit, openFiles } from './limits.js';

/** Descriptors left to the border, and connections that want one. */
const spare = 8;
const wanted = 100;

export const f32: Fault = {
  id: 'F32',
  title: 'a border runs out of file descriptors',
  goal: 'it does not end; connections that stand go on; it takes new ones when there is room again',
  answer: 'accepting pauses when there is no descriptor; idle connections are closed',
  needs: ['prlimit'],
  bounds: { refusedShare: 0.01 },
  holdMs: 4_000,
  async inject({ cluster }) {
    const { pid } = cluster.process('bcf-1');
    limit(pid, 'nofile', openFiles(pid) + spare);
    const sockets: Socket[] = [];
    for (let i = 0; i < wanted; i++) {
      const socket = connect(cluster.port('bcf-1', 'public'), '127.0.0.1');
      socket.on('error', () => undefined);
      sockets.push(socket);
    }
    await pause(500);
    return {
      heal: () => {
        for (const socket of sockets) socket.destroy();
        limit(pid, 'nofile', 1_024);
        return Promise.resolve();
      },
    };
  },
};
