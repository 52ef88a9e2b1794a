import { psapConfigSchema, startPsap } from '@esinet/element-psap';
import { runApp } from '@esinet/platform';

void runApp({ name: 'psap', schema: psapConfigSchema, start: startPsap });
