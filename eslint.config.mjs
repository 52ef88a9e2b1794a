import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

const only = (tag, ...tags) => ({
  sourceTag: `type:${tag}`,
  onlyDependOnLibsWithTags: tags.map((t) => `type:${t}`),
});

/** Who may import whom: the table of ARCHITECTURE.md. Run through `npm run lint`: without the graph of nx the rule passes silently. */
const boundaries = [
  only('kernel'),
  {
    ...only('protocol', 'kernel', 'protocol'),
    bannedExternalImports: ['@nestjs/*', 'rxjs', 'nats', 'ioredis', 'pg'],
  },
  only('platform', 'kernel', 'protocol'),
  // testing: for spec files only.
  only('element', 'kernel', 'protocol', 'platform', 'testing'),
  // Polygon clipping and the like: for people who keep boundaries, so never for an element.
  only('gis', 'kernel', 'protocol'),
  // sip: for `esinet doctor`, which asks as the elements do. handover: for the simulator of an authority.
  only('app', 'kernel', 'platform', 'element', 'gis', 'policy', 'sip', 'handover'),
  only('testing', 'kernel', 'protocol', 'platform'),
  only('tool', 'kernel', 'protocol', 'platform', 'element', 'gis', 'app', 'testing'),
  only('test', 'kernel', 'protocol', 'platform', 'element', 'gis', 'app', 'testing', 'tool'),
];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.nx/**', '**/*.js'] },
  {
    files: ['**/*.ts'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: {
        projectService: { allowDefaultProject: ['vitest.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { '@typescript-eslint': tseslint.plugin, '@nx': nx },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      eqeqeq: ['error', 'always'],
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'process.env is read in one file: libs/platform/src/config/environment.ts',
        },
      ],
      '@nx/enforce-module-boundaries': ['error', { allow: [], depConstraints: boundaries }],
    },
  },
);
