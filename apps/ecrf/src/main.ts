import { ecrfConfigSchema, startEcrf } from '@esinet/element-ecrf';
import { runApp } from '@esinet/platform';

void runApp({ name: 'ecrf', schema: ecrfConfigSchema, start: startEcrf });
