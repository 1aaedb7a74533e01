import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** Units of Grafana. */
export type Unit = 'short' | 's' | 'percentunit' | 'reqps' | 'celsius' | 'watt' | 'none';

/** One picture: its queries are PromQL with the variables of its dashboard. */
export interface Panel {
  readonly title: string;
  /** What it shows and what is good. */
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly { readonly expr: string; readonly legend: string }[];
  /** A number instead of a curve. */
  readonly stat?: boolean;
}

/** A choice of the reader: the values of a label of a series. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  /** `label_values(...)`. */
  readonly values: string;
  /** Whether several, and all, may be chosen. */
  readonly several: boolean;
}

export interface Dashboard {
  /** Unique in a Grafana, at most 40 characters. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Variable[];
  readonly rows: readonly { readonly title: string; readonly panels: readonly Panel[] }[];
}

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' } as const;
const COLUMNS = 24;
const HEIGHT = 7;

/** The dashboard as Grafana imports it. */
export function renderDashboard({ uid, title, description, variables, rows }: Dashboard): object {
  // Of the two formats this is the one that every Grafana since version 10 reads from a file.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['deepseek-operator'])
    .readonly()
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'));
  for (const variable of variables) builder.withVariable(variableBuilder(variable));
  for (const row of rows) {
    builder.withRow(new RowBuilder(row.title));
    const stats = row.panels.every(({ stat }) => stat === true);
    const span = Math.max(stats ? 3 : 6, Math.floor(COLUMNS / row.panels.length));
    for (const panel of row.panels)
      builder.withPanel(
        panelBuilder(panel)
          .span(span)
          .height(stats ? 4 : HEIGHT),
      );
  }
  return builder.build();
}

function variableBuilder({ name, label, values, several }: Variable) {
  const builder = new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query(values)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
  // ".*" would match series without the label too; ".+" does not.
  return several ? builder.multi(true).includeAll(true).allValue('.+') : builder;
}

function panelBuilder({ title, description, unit, queries, stat }: Panel) {
  const builder = stat === true ? new StatBuilder() : new TimeSeriesBuilder().min(0).spanNulls(false);
  builder.title(title).description(description).unit(unit).datasource(DATASOURCE);
  for (const [index, { expr, legend }] of queries.entries()) {
    const query = new DataqueryBuilder()
      .expr(expr)
      .legendFormat(legend)
      .refId(String.fromCharCode(65 + index));
    builder.withTarget(stat === true ? query.instant() : query.range());
  }
  return builder;
}

/** Every query of a dashboard, with the panel that it belongs to. */
export function queriesOf({ rows }: Dashboard): { readonly panel: string; readonly expr: string }[] {
  return rows.flatMap(({ panels }) =>
    panels.flatMap(({ title, queries }) => queries.map(({ expr }) => ({ panel: title, expr }))),
  );
}

/** Names of the metrics in a query. */
export function metricsIn(expr: string): string[] {
  return [
    ...new Set(
      expr.match(/(?<![\w:"])(?:deepseek|workqueue|leader|rest|process|nodejs|up)[\w:]*(?=\{|\[|\)| |$)/g) ?? [],
    ),
  ];
}
