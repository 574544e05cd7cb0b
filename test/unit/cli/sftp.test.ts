import { execFileSync } from "node:child_process"
import { expect, test } from "vitest"
import { commandsFor, connectionTo, instructions, openSshOptions } from "../../../src/cli/sftp/instructions.ts"
import { loginKeyFrom } from "../../../src/credentials/ssh-key.ts"

const { publicKey: hostKey, fingerprint } = loginKeyFrom("host")
const connection = connectionTo({
  session: "shop/orders",
  host: "127.0.0.1",
  port: 2022,
  username: "recover",
  hostKey,
  knownHosts: "/tmp/frk/known_hosts",
  identity: "/tmp/frk/key",
  secret: "shop/frsess-orders-access",
})

test("people are told all that programs with windows ask for, and no secret", () => {
  const text = instructions(connection)
  expect(text).toContain("protocol SFTP, host 127.0.0.1, port 2022, user recover\n")
  expect(text).toContain(`host key ED25519 ${fingerprint}\n`)
  expect(text).toContain("kubectl get secret -n shop frsess-orders-access -o jsonpath='{.data.password}' | base64 -d\n")
  const { secret: _, ...local } = connection
  expect(instructions(local)).not.toContain("password")
})

test("a folder with blanks, quotes and percent signs comes through the shell, and through OpenSSH", () => {
  const odd = { ...connection, knownHosts: "/tmp/a b's 100%/known_hosts", identity: "/tmp/a b's 100%/key" }
  const { sftp } = commandsFor(odd)
  const words = execFileSync("sh", ["-c", `set -- ${sftp}; printf '%s\\n' "$@"`], { encoding: "utf8" })
    .trimEnd()
    .split("\n")
  expect(words).toEqual(["sftp", ...openSshOptions(odd), "recover@127.0.0.1"])
  const ssh = ["-T", "-G", ...words.slice(1).filter((word) => word !== "-P" && word !== "2022")]
  const read = execFileSync("ssh", ssh, { encoding: "utf8" }).split("\n")
  expect(read).toEqual(
    expect.arrayContaining([
      "userknownhostsfile /tmp/a b's 100%/known_hosts",
      "globalknownhostsfile /dev/null",
      "identityfile /tmp/a b's 100%%/key", // what % stands for it replaces later
      "stricthostkeychecking true",
    ]),
  )
})

test("an IPv6 address is in brackets where a port or a path follows", () => {
  const { scp, rclone } = commandsFor({ ...connection, host: "::1" })
  expect(scp).toMatch(/ recover@\[::1\]:\/VOLUME\/PATH \.$/)
  expect(rclone).toContain('host="::1"')
})
