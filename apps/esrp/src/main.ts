import { esrpConfigSchema, startEsrp } from '@esinet/element-esrp';
import { runApp } from '@esinet/platform';

void runApp({ name: 'esrp', schema: esrpConfigSchema, start: startEsrp });
