import { idParameter, messageSchema } from './schemas.js';

/** What operations on a chat have in common. */
export const chatPath = { id: idParameter };
export const speakerHeader = { 'X-Taker': 'Who speaks, while call takers are signed on' };

/** Whoever acts in a chat has to have it. */
export const notYours = ['no-speaker', 'not-signed-on', 'not-yours', 'taken'] as const;

export const spoken = {
  status: 201,
  description: 'Recorded, and on its way. `delivery` tells later what became of it',
  schema: messageSchema,
} as const;
