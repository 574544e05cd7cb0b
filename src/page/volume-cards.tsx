import type { Volumes } from "../files/schemas.ts"
import { counted, humanBytes } from "./format.ts"
import { Icon } from "./icons.tsx"
import { hashOf } from "./place.ts"

type Volume = Volumes["volumes"][number]

/** The volumes as cards: those that can be read first, each a link; then the others, with the reason why not. */
export function VolumeCards({ volumes }: { volumes: readonly Volume[] }) {
  const readable = volumes.filter(({ state }) => state === "Mounted")
  const others = volumes.filter(({ state }) => state !== "Mounted")
  return (
    <>
      <h1>{counted(readable.length, "volume")} to read</h1>
      <ul class="cards">
        {readable.map((volume) => (
          <li key={volume.path}>
            <a class="card" href={hashOf({ kind: "directory", volume: encodeURIComponent(volume.path), names: [] })}>
              <Summary volume={volume} />
            </a>
          </li>
        ))}
      </ul>
      {others.length > 0 && <h2>{counted(others.length, "volume")} that can’t be read</h2>}
      <ul class="cards">
        {others.map((volume) => (
          <li key={volume.path} class="card unread">
            <Summary volume={volume} />
            <p class="why">
              <strong>{volume.state}</strong> {volume.message}
            </p>
          </li>
        ))}
      </ul>
    </>
  )
}

function Summary({ volume }: { volume: Volume }) {
  const { path, label, system, mountPoint, filesystem, kind, sizeBytes, usedBytes, stack, journal } = volume
  const os = [system?.os, system?.version].filter((word) => word !== undefined).join(" ")
  return (
    <>
      <h3>
        <Icon name="disk" /> {path}
      </h3>
      {system && (
        <p class="system">
          {os || "An installed system"} {system.hostName && <span class="quiet">on {system.hostName}</span>}
        </p>
      )}
      <p>
        {filesystem ?? kind}
        {label ? ` “${label}”` : ""}
        {mountPoint ? `, was at ${mountPoint}` : ""}
      </p>
      {usedBytes === undefined ? (
        <p class="quiet">{humanBytes(sizeBytes)}</p>
      ) : (
        <>
          <meter min={0} max={sizeBytes} value={usedBytes} aria-label="used" />
          <p class="quiet">
            {humanBytes(usedBytes)} of {humanBytes(sizeBytes)} used
          </p>
        </>
      )}
      {journal && <p class="why">Its journal was left alone: what was written last may be missing.</p>}
      <p class="stack quiet">{stack.join(" › ")}</p>
    </>
  )
}
