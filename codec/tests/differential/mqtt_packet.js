// mqtt-packet's side of the differential test. Reads JSON lines with n, version, hex; for each writes one with n and
//   packet: what the parser gave (octets and texts as hex digits), and again: what generate() makes of that, as hex
//           digits, or again_error; short: it waits for more octets; error: it refuses.
// Usage: node mqtt_packet.js NODE_MODULES < lines
'use strict'
const path = require('path')
const readline = require('readline')
const mqtt = require(path.resolve(process.argv[2], 'mqtt-packet'))

function parsed (octets, protocolVersion) {
  const parser = mqtt.parser({ protocolVersion })
  let packet = null
  let error = null
  parser.on('packet', p => { packet = packet || p })
  parser.on('error', e => { error = error || e })
  try {
    parser.parse(octets)
  } catch (e) { // what it does not check itself, Buffer does
    error = error || e
  }
  return { packet, error }
}

// Texts become the hex digits of their UTF-8, so that no quoting stands between the two sides.
function neutral (value) {
  if (typeof value === 'string') return Buffer.from(value, 'utf8').toString('hex')
  if (Array.isArray(value)) return value.map(neutral)
  if (value && typeof value.slice === 'function') return value.slice().toString('hex')
  return typeof value === 'boolean' ? Number(value) : value
}
function properties (all) {
  return Object.entries(all).map(([name, value]) => name !== 'userProperties'
    ? [name, neutral(value)]
    : [name, Object.entries(value).map(pair => pair.map(neutral))])
}
function plain (packet) {
  const all = {}
  for (const [k, v] of Object.entries(packet)) {
    if (k === 'properties') all[k] = properties(v)
    else if (k === 'will') all[k] = plain(v)
    else if (k === 'subscriptions') all[k] = v.map(plain)
    else all[k] = k === 'cmd' ? v : neutral(v)
  }
  return all
}

function answer ({ n, version, hex }) {
  const { packet, error } = parsed(Buffer.from(hex, 'hex'), version)
  if (error) return { n, error: error.message }
  if (!packet) return { n, short: true }
  const result = { n, packet: plain(packet) }
  try {
    result.again = mqtt.generate(packet, { protocolVersion: version }).toString('hex')
  } catch (e) {
    result.again_error = e.message
  }
  return result
}

readline.createInterface({ input: process.stdin }).on('line', line => {
  process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + '\n')
})
