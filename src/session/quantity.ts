const NANO = 10n ** 9n
const DECIMAL = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"]
const BINARY = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]

/** What a suffix stands for, in billionths. */
const SCALE = new Map([
  ...DECIMAL.map((suffix, index): [string, bigint] => [suffix, 1000n ** BigInt(index)]),
  ...BINARY.map((suffix, index): [string, bigint] => [suffix, 1024n ** BigInt(index + 1) * NANO]),
])

const SHAPE = /^\+?(\d+(?:\.\d*)?|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,2}))?$/

/**
 * A Kubernetes quantity ("500m", "1.5Gi", "1e3", "64") in billionths, the finest Kubernetes knows, so that sums are exact;
 * finer ones are rounded up. Undefined for what is none, or is negative.
 */
export function parseQuantity(text: string): bigint | undefined {
  const [, number, suffix = "", exponent = "0"] = SHAPE.exec(text) ?? []
  const scale = SCALE.get(suffix)
  if (number === undefined || scale === undefined) return undefined
  const [whole = "", fraction = ""] = number.split(".")
  const power = BigInt(exponent)
  const up = scale * 10n ** (power > 0n ? power : 0n)
  const down = 10n ** (BigInt(fraction.length) + (power < 0n ? -power : 0n))
  return ceil(BigInt(`${whole}${fraction}`) * up, down)
}

/** Billionths as a person would write them: bytes in the largest unit that holds them exactly, anything else to a thousandth. */
export function formatQuantity(nanos: bigint, unit: "bytes" | "number"): string {
  if (unit === "number") return nanos % NANO === 0n ? String(nanos / NANO) : `${ceil(nanos, 10n ** 6n)}m`
  const bytes = ceil(nanos, NANO)
  const suffix = bytes === 0n ? undefined : BINARY.findLast((one) => (bytes * NANO) % (SCALE.get(one) ?? 1n) === 0n)
  return suffix === undefined ? String(bytes) : `${(bytes * NANO) / (SCALE.get(suffix) ?? 1n)}${suffix}`
}

const ceil = (dividend: bigint, divisor: bigint) => (dividend + divisor - 1n) / divisor
