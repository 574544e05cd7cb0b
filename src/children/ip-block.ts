/** A block of addresses, and blocks within it that are left out. */
export interface IpBlock {
  cidr: string
  except?: string[]
}

interface Block {
  /** Of an address of its family. */
  bits: 32 | 128
  /** Without what lies beyond the prefix. */
  address: bigint
  length: number
}

/**
 * A block as NetworkPolicies take it in every version: no bits beyond the prefix, IPv6 in its short form (RFC 5952). Undefined
 * for what they refuse: an exception that is not within the block, and IPv4 in the clothes of IPv6 (RFC 4291 2.5.5.2).
 */
export function ipBlockOf({
  cidr,
  except = [],
}: {
  cidr: string
  except?: readonly string[] | undefined
}): IpBlock | undefined {
  const whole = parse(cidr)
  const parts = except.map((one) => parse(one))
  if (isMapped(whole) || parts.some((part) => isMapped(part) || !contains(whole, part))) return undefined
  return { cidr: textOf(whole), ...(parts.length > 0 && { except: parts.map((part) => textOf(part)) }) }
}

function contains(whole: Block, part: Block): boolean {
  const beyond = BigInt(whole.bits - whole.length)
  return whole.bits === part.bits && part.length > whole.length && part.address >> beyond === whole.address >> beyond
}

const isMapped = ({ bits, address }: Block) => bits === 128 && address >> 32n === 0xffffn

/** What the schema's pattern lets through is one. */
function parse(cidr: string): Block {
  const [address = "", length = ""] = cidr.split("/")
  const isLong = address.includes(":")
  const parts = isLong ? groupsOf(address) : address.split(".").map(Number)
  const bits = isLong ? 128 : 32
  const size = BigInt(bits / parts.length)
  const number = parts.reduce((sum, part) => (sum << size) | BigInt(part), 0n)
  const beyond = BigInt(bits - Number(length))
  return { bits, address: (number >> beyond) << beyond, length: Number(length) }
}

function groupsOf(address: string): number[] {
  const [before = [], after = []] = address
    .split("::")
    .map((half) => (half === "" ? [] : half.split(":").map((group) => Number.parseInt(group, 16))))
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

function textOf({ bits, address, length }: Block): string {
  const part = (index: number, size: number) =>
    Number((address >> BigInt(bits - size * (index + 1))) & ((1n << BigInt(size)) - 1n))
  if (bits === 32) return `${[0, 1, 2, 3].map((index) => part(index, 8)).join(".")}/${length}`
  const groups = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => part(index, 16).toString(16))
  return `${new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1)}/${length}`
}
