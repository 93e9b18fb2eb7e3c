/* publisher URI TOPIC COUNT: sends COUNT messages "0", "1", ... with QoS 0, 1 and 2 in turn, by Paho's C client. */
#include <MQTTClient.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char** argv) {
    MQTTClient client;
    MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
    char text[16];
    int failed, i;
    if (argc != 4) return 2;
    failed = MQTTClient_create(&client, argv[1], "paho-c", MQTTCLIENT_PERSISTENCE_NONE, NULL);
    if (failed || (failed = MQTTClient_connect(client, &options))) return printf("connect: %d\n", failed), 1;
    for (i = 0; i < atoi(argv[3]); ++i) {
        MQTTClient_deliveryToken token;
        snprintf(text, sizeof text, "%d", i);
        failed = MQTTClient_publish(client, argv[2], (int)strlen(text), text, i % 3, 0, &token);
        if (!failed && i % 3 != 0) failed = MQTTClient_waitForCompletion(client, token, 10000L);
        if (failed) return printf("message %d: %d\n", i, failed), 1;
    }
    failed = MQTTClient_disconnect(client, 1000);
    MQTTClient_destroy(&client);
    return failed ? 1 : 0;
}
