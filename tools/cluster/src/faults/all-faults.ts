import { f01 } from './f01.js';
import { f02 } from './f02.js';
import { f03 } from './f03.js';
import { f04 } from './f04.js';
import { f05 } from './f05.js';
import { f06 } from './f06.js';
import { f07 } from './f07.js';
import { f08 } from './f08.js';
import { f09 } from './f09.js';
import { f10 } from './f10.js';
import { f11 } from './f11.js';
import { f12 } from './f12.js';
import { f13 } from './f13.js';
import { f14 } from './f14.js';
import { f15 } from './f15.js';
import { f16 } from './f16.js';
import { f17 } from './f17.js';
import { f18 } from './f18.js';
import { f19 } from './f19.js';
import { f20 } from './f20.js';
import { f21 } from './f21.js';
import { f22 } from './f22.js';
import { f23 } from './f23.js';
import { f24 } from './f24.js';
import { f25 } from './f25.js';
import { f26 } from './f26.js';
import { f27 } from './f27.js';
import { f28 } from './f28.js';
import { f29 } from './f29.js';
import { f30 } from './f30.js';
import { f31 } from './f31.js';
import { f32 } from './f32.js';
import { f33 } from './f33.js';
import { f34 } from './f34.js';
import { f35 } from './f35.js';
import { f36 } from './f36.js';
import { f38 } from './f38.js';
import { f39 } from './f39.js';
import { f40 } from './f40.js';
import { postgresAway } from './postgres-away.js';
import type { Fault } from './fault.js';

/** Every fault that has a script, in the order of the table. */
export const faults: readonly Fault[] = [
  f01,
  f02,
  f03,
  f04,
  f05,
  f06,
  f07,
  f08,
  f09,
  f10,
  f11,
  f12,
  f13,
  f14,
  f15,
  f16,
  f17,
  f18,
  f19,
  f20,
  f21,
  f22,
  f23,
  f24,
  f25,
  f26,
  f27,
  f28,
  f29,
  f30,
  f31,
  f32,
  f33,
  f34,
  f35,
  f36,
  f38,
  f39,
  f40,
  postgresAway,
];
