import { ApiObject, type ApiObjectMetadata } from 'cdk8s';
import type { Construct } from 'constructs';
import type { z } from 'zod';
import { API_VERSION, KIND } from '../operator/api/names.ts';
import { deepSeekDeploymentSpec } from '../operator/api/deployment.ts';
import { parseDeepSeekDeployment } from '../operator/api/parse.ts';

/** What is deployed, as it is written: what has a default may be left out. */
export interface DeepSeekDeploymentProps {
  readonly metadata?: ApiObjectMetadata;
  readonly spec: z.input<typeof deepSeekDeploymentSpec>;
}

/**
 * A DeepSeekDeployment in a chart of cdk8s. What the API server would refuse is refused at synthesis, in the same words.
 *
 * @throws TypeError that names every field that is wrong, and how.
 */
export class DeepSeekDeployment extends ApiObject {
  constructor(scope: Construct, id: string, { metadata, spec }: DeepSeekDeploymentProps) {
    const parsed = parseDeepSeekDeployment(
      { apiVersion: API_VERSION, kind: KIND, metadata: { name: id }, spec },
      { unknownFields: 'refuse' },
    );
    if (!parsed.ok) throw new TypeError(`${scope.node.path}/${id}: ${parsed.message}`);
    // As it was written: defaults are the API server's, and a newer one may have others.
    super(scope, id, { apiVersion: API_VERSION, kind: KIND, ...(metadata && { metadata }), spec });
  }
}
