import { handoverConfigSchema, startHandover } from '@esinet/element-handover';
import { runApp } from '@esinet/platform';

// Whoever started it as a part of a lab has died: nobody else would end it.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));

void runApp({ name: 'handover', schema: handoverConfigSchema, start: startHandover });
