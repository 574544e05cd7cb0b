import { BlockList } from "node:net"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { ipBlockOf } from "../../../src/children/ip-block.ts"

test.each<[string, string]>([
  ["10.0.0.0/8", "10.0.0.0/8"],
  ["10.9.8.7/8", "10.0.0.0/8"],
  ["10.9.8.7/32", "10.9.8.7/32"],
  ["255.255.255.255/0", "0.0.0.0/0"],
  ["2001:DB8:0:0:1::/64", "2001:db8::/64"],
  ["::1/128", "::1/128"],
  ["1:2:3:4:5:6:7::/112", "1:2:3:4:5:6:7:0/112"],
  ["ffff::ffff/0", "::/0"],
  ["::ffff:0:0/90", "::ffc0:0:0/90"],
])("%s is %s", (cidr, text) => expect(ipBlockOf({ cidr })).toEqual({ cidr: text }))

test.each<[string, string, string[], string[] | undefined]>([
  ["parts of it", "10.0.0.0/8", ["10.1.2.3/16", "10.9.0.0/32"], ["10.1.0.0/16", "10.9.0.0/32"]],
  ["a part of IPv6", "2001:db8::/32", ["2001:DB8:1::/48"], ["2001:db8:1::/48"]],
  ["a half of everybody", "0.0.0.0/0", ["128.0.0.0/1"], ["128.0.0.0/1"]],
  ["another block", "10.0.0.0/8", ["11.1.0.0/16"], undefined],
  ["a part and another block", "10.0.0.0/8", ["10.1.0.0/16", "11.1.0.0/16"], undefined],
  ["all of it", "10.0.0.0/8", ["10.0.0.0/8"], undefined],
  ["more than it", "10.0.0.0/8", ["10.0.0.0/7"], undefined],
  ["another family", "::/0", ["10.0.0.0/8"], undefined],
  ["IPv4 as IPv6", "::/0", ["::ffff:a00:0/104"], undefined],
])("without %s", (_, cidr, except, left) => expect(ipBlockOf({ cidr, except })?.except).toEqual(left))

test.each(["::ffff:a00:0/104", "0:0:0:0:0:FFFF:a00:0/96"])("IPv4 as IPv6 is no block: %s", (cidr) =>
  expect(ipBlockOf({ cidr })).toBeUndefined(),
)

const block = fc.oneof(
  fc.tuple(fc.ipV4(), fc.nat(32)),
  // few different groups, so that one is within another now and then
  fc.tuple(
    fc.array(fc.constantFrom("0", "1", "ff00"), { minLength: 8, maxLength: 8 }).map((groups) => groups.join(":")),
    fc.nat(128),
  ),
)

test("what is within what: as Node's BlockList has it", () => {
  fc.assert(
    fc.property(block, block, ([whole, longer], [part, shorter]) => {
      const family = whole.includes(":") ? "ipv6" : "ipv4"
      const list = new BlockList()
      list.addSubnet(whole, longer, family)
      const isWithin = part.includes(":") === whole.includes(":") && shorter > longer && list.check(part, family)
      const found = ipBlockOf({ cidr: `${whole}/${longer}`, except: [`${part}/${shorter}`] })
      expect(found !== undefined).toBe(isWithin)
      expect(found && ipBlockOf(found)).toEqual(found)
    }),
  )
})
