import { providerConfigSchema, startProvider } from '@esinet/element-provider';
import { runApp } from '@esinet/platform';

void runApp({ name: 'provider', schema: providerConfigSchema, start: startProvider });
