package io.meltemi.controlplane.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.meltemi.config.traffic.Protocol;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProtocolSelectionTest {

  @ParameterizedTest
  @CsvSource({
    "8080, http, TCP, '', HTTP",
    "8080, http-web, TCP, '', HTTP",
    "8080, HTTP-web, TCP, '', HTTP",
    "8080, httpweb, TCP, '', UNSUPPORTED",
    "8080, grpc-web, TCP, '', GRPC_WEB",
    "8080, grpc-web-x, TCP, '', GRPC_WEB",
    "8080, grpc-x, TCP, '', GRPC",
    "8080, http2-x, TCP, '', HTTP2",
    "8080, tcp-x, TCP, '', TCP",
    "8080, '', TCP, '', UNSUPPORTED",
    "8080, http, TCP, tcp, TCP",
    "8080, tcp, TCP, kubernetes.io/h2c, HTTP2",
    "8080, tcp, TCP, kubernetes.io/ws, HTTP",
    "8080, tcp, TCP, kubernetes.io/wss, HTTPS",
    "8080, http, TCP, example.com/other, UNSUPPORTED",
    "8080, http, UDP, '', UDP",
    "3306, '', TCP, '', TCP",
    "27017, db, TCP, '', TCP",
    "25, http-mail, TCP, '', HTTP"
  })
  void appProtocolThenNameThenPort(
      int number, String name, String transport, String appProtocol, Protocol expected) {
    assertEquals(
        expected, ProtocolSelection.ofKubernetesPort(number, name, transport, appProtocol));
  }
}
