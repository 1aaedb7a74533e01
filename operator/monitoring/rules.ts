/** Rules of Prometheus, as its rule files and a PrometheusRule have them. */

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  /** How long the expression has to hold. */
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RuleGroup {
  readonly name: string;
  /** How often it is evaluated; absent: as Prometheus does by default. */
  readonly interval?: string;
  /** Evaluated in this order, so that a rule sees what those before it have recorded. */
  readonly rules: readonly (RecordingRule | AlertingRule)[];
}

/** Whose series rules are about: those of every DeepSeekDeployment, or of one. */
export type Scope =
  { readonly kind: 'Fleet' } | { readonly kind: 'Deployment'; readonly namespace: string; readonly name: string };

export const FLEET: Scope = { kind: 'Fleet' };

/** The selector of engines' series in this scope: `{...}`. Further matchers stand behind. */
export function enginesOf(scope: Scope, ...matchers: readonly string[]): string {
  const own =
    scope.kind === 'Fleet'
      ? ['deepseekdeployment!=""']
      : [`namespace="${scope.namespace}"`, `deepseekdeployment="${scope.name}"`];
  return `{${[...own, ...matchers].join(',')}}`;
}

/** The selector of the operator's series about DeepSeekDeployments in this scope: `{...}`. */
export function deploymentsOf(scope: Scope, ...matchers: readonly string[]): string {
  const own = scope.kind === 'Fleet' ? ['name!=""'] : [`namespace="${scope.namespace}"`, `name="${scope.name}"`];
  return `{${[...own, ...matchers].join(',')}}`;
}
