import { hashOf, shown } from "./place.ts"

/** The way from the volumes to here. */
export function Crumbs({ volume, names }: { volume: string; names: readonly string[] }) {
  const steps = [volume, ...names]
  return (
    <nav class="crumbs" aria-label="Path">
      <ol>
        <li>
          <a href={hashOf({ kind: "volumes" })}>Volumes</a>
        </li>
        {steps.map((step, at) => (
          <li key={at}>
            <a
              href={hashOf({ kind: "directory", volume, names: names.slice(0, at) })}
              aria-current={at === steps.length - 1 ? "page" : undefined}
            >
              <bdi>{shown(step)}</bdi>
            </a>
          </li>
        ))}
      </ol>
    </nav>
  )
}
