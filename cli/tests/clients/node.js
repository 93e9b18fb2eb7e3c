// node.js MODULES URL VERSION [CA]: MQTT.js says what it hears of itself, QoS 0 to 2, and ends; exit code 1 and one line otherwise.
const [modules, url, version, ca] = process.argv.slice(2);
const mqtt = require(modules + "/mqtt");
const options = {protocolVersion: Number(version), reconnectPeriod: 0, connectTimeout: 10000, clean: true};
if (ca) options.ca = require("fs").readFileSync(ca);
const fail = (why) => { console.log(String(why)); process.exit(1); };
setTimeout(() => fail("no end within 20 s"), 20000).unref();
const client = mqtt.connect(url, options);
const heard = [];
client.on("error", fail);
client.on("close", () => fail("closed"));
client.on("connect", () => client.subscribe("node/#", {qos: 2}, (error) => {
    if (error) fail(error);
    for (const qos of [0, 1, 2]) client.publish("node/" + qos, "hello " + qos, {qos});
}));
client.on("message", (topic, payload, packet) => {
    heard.push(topic + " " + payload + " " + packet.qos);
    if (heard.length < 3) return;
    console.log(heard.sort().join(", "));
    client.removeAllListeners("close");
    client.end(false, () => process.exit(0));
});
