import { expect, it } from 'vitest';
import { shiftPorts } from './shift-ports.js';

it('moves every port on this machine and nothing else', () => {
  const config = {
    bcf: {
      http: { host: '127.0.0.1', port: 15960 },
      listeners: [{ name: 'public-udp', port: 0 }, { port: 15060 }],
    },
    esrp: ['tcp:127.0.0.1:15070;name=a', 'udp:[::1]:15070'],
    lost: 'http://127.0.0.1:15222/lost',
    away: 'https://lost.example:15222/lost',
    timeout: 15222,
  };
  expect(shiftPorts(config, 1000)).toEqual({
    bcf: {
      http: { host: '127.0.0.1', port: 16960 },
      listeners: [{ name: 'public-udp', port: 0 }, { port: 16060 }],
    },
    esrp: ['tcp:127.0.0.1:16070;name=a', 'udp:[::1]:15070'],
    lost: 'http://127.0.0.1:16222/lost',
    away: 'https://lost.example:15222/lost',
    timeout: 15222,
  });
});
