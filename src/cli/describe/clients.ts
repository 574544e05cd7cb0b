import type { AccessClient } from "../../api/clients.ts"

type Selector = NonNullable<AccessClient["podSelector"]>

/** Who may reach a session's files over the network, in words: "pods app=audit of namespaces team in (a, b)". */
export function clientWords({ podSelector, namespaceSelector, ipBlock }: AccessClient): string {
  if (ipBlock) return [ipBlock.cidr, ...(ipBlock.except ?? []).map((part) => `without ${part}`)].join(" ")
  const pods = `pods${selectorWords(podSelector)}`
  return namespaceSelector ? `${pods} of namespaces${selectorWords(namespaceSelector)}` : pods
}

/** As kubectl writes selectors; nothing for one that selects all. */
function selectorWords({ matchLabels = {}, matchExpressions = [] }: Selector = {}): string {
  const all = [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(({ key, operator, values = [] }) => {
      if (operator === "Exists") return key
      if (operator === "DoesNotExist") return `!${key}`
      return `${key} ${operator === "In" ? "in" : "notin"} (${values.join(",")})`
    }),
  ]
  return all.length === 0 ? "" : ` ${all.join(",")}`
}
