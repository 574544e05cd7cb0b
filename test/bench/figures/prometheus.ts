/** One line of the Prometheus text format. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** All of a process's metrics at one time. */
export type Scrape = readonly Sample[]

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([+-]?Inf|NaN|[-+.0-9eE]+)(?: \d+)?$/
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g

/** Reads the text format (version 0.0.4). Lines that aren't samples are passed over. */
export function parseMetrics(text: string): Scrape {
  return text.split("\n").flatMap((words) => {
    const [, name, labels = "", value = ""] = line.exec(words) ?? []
    if (name === undefined) return []
    const pairs = [...labels.matchAll(label)].map(([, key = "", escaped = ""]): [string, string] => [
      key,
      escaped.replaceAll(/\\(.)/g, (_, one: string) => (one === "n" ? "\n" : one)),
    ])
    return [{ name, labels: Object.fromEntries(pairs), value: numberOf(value) }]
  })
}

function numberOf(text: string): number {
  return /^[+-]Inf$/.test(text) ? Number(`${text}inity`) : Number(text)
}

/** The sum of all samples of a name that `is` holds for; 0 when there are none. */
export function sum(scrape: Scrape, name: string, is: (labels: Sample["labels"]) => boolean = () => true): number {
  return scrape.reduce((total, one) => (one.name === name && is(one.labels) ? total + one.value : total), 0)
}

/** By how much counters have grown from one scrape of a process to a later one. */
export function grown(before: Scrape, after: Scrape): Scrape {
  const key = ({ name, labels }: Sample) => `${name} ${JSON.stringify(labels)}`
  const known = new Map(before.map((one) => [key(one), one.value]))
  return after.map((one) => ({ ...one, value: one.value - (known.get(key(one)) ?? 0) }))
}
