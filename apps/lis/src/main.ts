import { lisConfigSchema, startLis } from '@esinet/element-lis';
import { runApp } from '@esinet/platform';

void runApp({ name: 'lis', schema: lisConfigSchema, start: startLis });
