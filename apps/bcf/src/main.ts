import { bcfConfigSchema, startBcf } from '@esinet/element-bcf';
import { runApp } from '@esinet/platform';

void runApp({ name: 'bcf', schema: bcfConfigSchema, start: startBcf });
