# The virtual network, apart from the rest of conformance/ so that the peers' tests can use it alone.
add_library(virtual_network STATIC ${CMAKE_CURRENT_LIST_DIR}/virtual_network.cpp)
target_link_libraries(virtual_network PUBLIC mqttspec_net reference_core mqtt_codec)
