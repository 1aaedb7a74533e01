import { expect, it } from '@jest/globals';
import { reproducibleSbom } from './sbom.ts';

const subject = { name: 'operator', version: '1.2.3', dependencies: ['a'], nodeVersion: '24.0.0' };

/** As npm prints it: `a` needs `b`; `b` and `tool` are needed for development. */
function printed(serialNumber: string, timestamp: string): string {
  const component = (name: string) => ({ 'bom-ref': `${name}@1`, name, version: '1' });
  return JSON.stringify({
    bomFormat: 'CycloneDX',
    serialNumber,
    metadata: { timestamp, component: { 'bom-ref': 'operator@1.2.3', name: 'a-folder' } },
    components: ['tool', 'b', 'a'].map(component),
    dependencies: [
      { ref: 'operator@1.2.3', dependsOn: ['tool@1', 'b@1', 'a@1'] },
      { ref: 'a@1', dependsOn: ['b@1'] },
      { ref: 'b@1', dependsOn: [] },
      { ref: 'tool@1', dependsOn: ['b@1'] },
    ],
  });
}

it('is the same whenever it is made, and has all that the program needs and nothing else', () => {
  const [first, second] = [printed('urn:uuid:1', 'today'), printed('urn:uuid:2', 'tomorrow')].map((text) =>
    reproducibleSbom(text, subject),
  );
  expect(first).toBe(second);
  const sbom = JSON.parse(first ?? '') as {
    serialNumber: string;
    metadata: { component: { name: string } };
    components: { name: string }[];
    dependencies: { ref: string; dependsOn: string[] }[];
  };
  expect(sbom.components.map(({ name }) => name)).toEqual(['a', 'b', 'node']);
  expect(sbom.dependencies).toEqual([
    { ref: 'operator@1.2.3', dependsOn: ['b@1', 'a@1'] },
    { ref: 'a@1', dependsOn: ['b@1'] },
    { ref: 'b@1', dependsOn: [] },
  ]);
  expect(sbom.metadata.component.name).toBe('operator');
  expect(sbom.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(reproducibleSbom(printed('', ''), { ...subject, version: '1.2.4' })).not.toBe(first);
});
