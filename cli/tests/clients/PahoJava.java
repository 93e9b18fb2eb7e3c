// Publishes messages 0 to N-1 with QoS i % 3 and hears them itself: Paho Java, as Android programs use it.
// Usage: java -cp ... PahoJava URL 3|5 COUNT [TRUSTSTORE PASSWORD]
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

public class PahoJava {
    static final String topic = "paho/java";

    static void check(CountDownLatch heard, AtomicReference<String> wrong) throws Exception {
        if (!heard.await(30, TimeUnit.SECONDS)) throw new Exception(heard.getCount() + " messages have not come");
        if (wrong.get() != null) throw new Exception("came wrong: " + wrong.get());
    }

    static void note(byte[] payload, int qos, CountDownLatch heard, AtomicReference<String> wrong) {
        if (Integer.parseInt(new String(payload)) % 3 != qos) wrong.set(new String(payload) + " at QoS " + qos);
        heard.countDown();
    }

    static void old(String url, int count) throws Exception {
        var client = new org.eclipse.paho.client.mqttv3.MqttClient(url, "java-3", null);
        var options = new org.eclipse.paho.client.mqttv3.MqttConnectOptions();
        options.setMqttVersion(4);
        options.setWill("paho/will", "gone".getBytes(), 1, true);
        client.connect(options);
        var heard = new CountDownLatch(count);
        var wrong = new AtomicReference<String>();
        client.subscribe(topic, 2, (t, m) -> note(m.getPayload(), m.getQos(), heard, wrong));
        for (int i = 0; i < count; ++i) client.publish(topic, String.valueOf(i).getBytes(), i % 3, false);
        check(heard, wrong);
        client.disconnect();
    }

    static void five(String url, int count) throws Exception {
        var client = new org.eclipse.paho.mqttv5.client.MqttClient(url, "java-5", null);
        var options = new org.eclipse.paho.mqttv5.client.MqttConnectionOptions();
        options.setSessionExpiryInterval(60L);
        client.connect(options);
        var heard = new CountDownLatch(count);
        var wrong = new AtomicReference<String>();
        client.setCallback(new org.eclipse.paho.mqttv5.client.MqttCallback() {
            public void messageArrived(String t, org.eclipse.paho.mqttv5.common.MqttMessage m) {
                note(m.getPayload(), m.getQos(), heard, wrong);
            }
            public void disconnected(org.eclipse.paho.mqttv5.client.MqttDisconnectResponse r) {}
            public void mqttErrorOccurred(org.eclipse.paho.mqttv5.common.MqttException e) {}
            public void deliveryComplete(org.eclipse.paho.mqttv5.client.IMqttToken t) {}
            public void connectComplete(boolean again, String server) {}
            public void authPacketArrived(int reason, org.eclipse.paho.mqttv5.common.packet.MqttProperties p) {}
        });
        client.subscribe(topic, 2);
        for (int i = 0; i < count; ++i) client.publish(topic, String.valueOf(i).getBytes(), i % 3, false);
        check(heard, wrong);
        client.disconnect();
    }

    public static void main(String[] a) throws Exception {
        if (a[1].equals("5")) five(a[0], Integer.parseInt(a[2]));
        else old(a[0], Integer.parseInt(a[2]));
        System.out.println("heard " + a[2]);
        System.exit(0);
    }
}
