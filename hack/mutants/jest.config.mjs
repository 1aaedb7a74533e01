/** The unit tests of the operator as one project, in the environment by which Stryker learns which test reaches which mutant. */
import { fileURLToPath, URL } from 'node:url';
import config from '../../jest.config.mjs';

const { displayName: _, ...unit } = config.projects.find(({ displayName }) => displayName === 'unit');

export default {
  ...unit,
  rootDir: fileURLToPath(new URL('../..', import.meta.url)),
  roots: ['<rootDir>/operator'],
  testEnvironment: '@stryker-mutator/jest-runner/jest-env/node',
};
