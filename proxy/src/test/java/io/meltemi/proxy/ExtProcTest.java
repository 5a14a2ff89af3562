package io.meltemi.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.sun.net.httpserver.HttpServer;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.CommonResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.type.v3.HttpStatus;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A service that is shown requests and responses, well behaved and not. */
final class ExtProcTest {
  private static final String BOOTSTRAP =
      """
      static_resources:
        listeners:
        - name: in
          address: {socket_address: {address: 127.0.0.1, port_value: 0}}
          filter_chains:
          - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: in
                route_config:
                  virtual_hosts:
                  - name: all
                    domains: ["*"]
                    routes:
                    - match: {prefix: /off}
                      route: {cluster: app}
                      typed_per_filter_config:
                        envoy.filters.http.ext_proc: {"@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute, disabled: true}
                    - match: {prefix: /}
                      route: {cluster: app}
                http_filters:
                - name: envoy.filters.http.ext_proc
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor
                    grpc_service: {envoy_grpc: {cluster_name: processor}}
                    message_timeout: TIMEOUT
                    processing_mode: {MODE}
                    MORE
                - name: envoy.filters.http.router
                  typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
        clusters:
        - name: app
          type: STATIC
          load_assignment:
            cluster_name: app
            endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: APP}}}}]}]
        - name: processor
          type: STATIC
          typed_extension_protocol_options:
            envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
              "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
              explicit_http_config: {http2_protocol_options: {}}
          load_assignment:
            cluster_name: processor
            endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: GRPC}}}}]}]
      """;

  private final HttpClient client = HttpClient.newHttpClient();
  private final List<ProcessingRequest> shown = new CopyOnWriteArrayList<>();
  private final HttpServer app;
  private final Server processor;
  private volatile BiConsumer<ProcessingRequest, StreamObserver<ProcessingResponse>> service =
      (message, out) -> out.onNext(pass(message));

  ExtProcTest() throws IOException {
    app = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    processor =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(
                new ExternalProcessorGrpc.ExternalProcessorImplBase() {
                  @Override
                  public StreamObserver<ProcessingRequest> process(
                      StreamObserver<ProcessingResponse> out) {
                    return new StreamObserver<>() {
                      @Override
                      public void onNext(ProcessingRequest message) {
                        shown.add(message);
                        service.accept(message, out);
                      }

                      @Override
                      public void onError(Throwable cause) {}

                      @Override
                      public void onCompleted() {
                        out.onCompleted();
                      }
                    };
                  }
                })
            .build();
  }

  @BeforeEach
  void start() throws IOException {
    app.createContext(
        "/",
        exchange -> {
          String sent =
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          String text = "app " + exchange.getRequestHeaders().getFirst("x-told") + " " + sent;
          byte[] body = text.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    app.start();
    processor.start();
  }

  @AfterEach
  void stop() {
    app.stop(0);
    processor.shutdownNow();
    client.close();
  }

  private Proxy proxy(String mode, String more) throws Exception {
    return proxy(mode, "10s", more);
  }

  private Proxy proxy(String mode, String timeout, String more) throws Exception {
    String yaml =
        BOOTSTRAP
            .replace("MODE", mode)
            .replace("TIMEOUT", timeout)
            .replace("MORE", more)
            .replace("APP", "" + app.getAddress().getPort())
            .replace("GRPC", "" + processor.getPort());
    Proxy proxy = Proxy.start(ProxySettings.ofYaml(yaml, 1), ProxyEnvironment.ofProcess());
    proxy.ready().get(20, TimeUnit.SECONDS);
    return proxy;
  }

  private HttpResponse<String> send(Proxy proxy, String path, String body) throws Exception {
    int port = proxy.listeners().getFirst().bound().getFirst().getPort();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
    if (!body.isEmpty()) {
      request.POST(HttpRequest.BodyPublishers.ofString(body));
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private static long counter(Proxy proxy, String name) {
    return proxy.stats().scope("http.in.").counter("ext_proc." + name).value();
  }

  private static HeaderMutation told(String name, String value) {
    return HeaderMutation.newBuilder()
        .addSetHeaders(
            HeaderValueOption.newBuilder()
                .setHeader(
                    HeaderValue.newBuilder()
                        .setKey(name)
                        .setRawValue(ByteString.copyFromUtf8(value))))
        .build();
  }

  private static HeadersResponse headers(HeaderMutation mutation) {
    return HeadersResponse.newBuilder()
        .setResponse(CommonResponse.newBuilder().setHeaderMutation(mutation))
        .build();
  }

  private static BodyResponse body(ByteString bytes) {
    return BodyResponse.newBuilder()
        .setResponse(
            CommonResponse.newBuilder().setBodyMutation(BodyMutation.newBuilder().setBody(bytes)))
        .build();
  }

  private static ByteString upper(ByteString bytes) {
    return ByteString.copyFromUtf8(bytes.toStringUtf8().toUpperCase(Locale.ROOT));
  }

  private static ProcessingResponse pass(ProcessingRequest message) {
    ProcessingResponse.Builder answer = ProcessingResponse.newBuilder();
    switch (message.getRequestCase()) {
      case REQUEST_HEADERS -> answer.setRequestHeaders(headers(told("x-told", "yes")));
      case RESPONSE_HEADERS -> answer.setResponseHeaders(headers(told("x-back", "yes")));
      case REQUEST_BODY -> answer.setRequestBody(body(upper(message.getRequestBody().getBody())));
      case RESPONSE_BODY ->
          answer.setResponseBody(body(upper(message.getResponseBody().getBody())));
      default -> {}
    }
    return answer.build();
  }

  @Test
  void changesHeadersBothWays() throws Exception {
    try (Proxy proxy = proxy("", "")) {
      for (int i = 1; i <= 2; i++) {
        HttpResponse<String> response = send(proxy, "/p", "body");
        assertEquals("app yes body", response.body());
        assertEquals("yes", response.headers().firstValue("x-back").orElse(""));
        assertEquals(i, counter(proxy, "streams_started"));
        assertEquals(2L * i, counter(proxy, "stream_msgs_sent"));
        assertEquals(2L * i, counter(proxy, "stream_msgs_received"));
      }
      assertEquals("app null body", send(proxy, "/off", "body").body());
      assertEquals(2, counter(proxy, "streams_started"));
      ProcessingRequest first = shown.getFirst();
      assertFalse(first.getRequestHeaders().getEndOfStream());
      assertTrue(
          first.getRequestHeaders().getHeaders().getHeadersList().stream()
              .anyMatch(
                  header ->
                      header.getKey().equals(":path")
                          && header.getRawValue().toStringUtf8().equals("/p")));
    }
  }

  @Test
  void nothingIsShownWhereNothingShallBe() throws Exception {
    try (Proxy proxy = proxy("request_header_mode: SKIP, response_header_mode: SKIP", "")) {
      assertEquals("app null body", send(proxy, "/p", "body").body());
      assertEquals(0, counter(proxy, "streams_started"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"BUFFERED", "STREAMED"})
  void changesBodies(String mode) throws Exception {
    String modes = "request_body_mode: " + mode + ", response_body_mode: " + mode;
    try (Proxy proxy = proxy(modes, "")) {
      assertEquals("APP YES BODY", send(proxy, "/p", "body").body());
      String large = "x".repeat(300_000);
      if (mode.equals("STREAMED")) {
        assertEquals("APP YES " + "X".repeat(300_000), send(proxy, "/p", large).body());
      }
      assertEquals("APP YES ", send(proxy, "/p", "").body());
    }
  }

  @Test
  void bodiesAloneMayBeShown() throws Exception {
    String modes =
        "request_header_mode: SKIP, response_header_mode: SKIP, request_body_mode: BUFFERED";
    try (Proxy proxy = proxy(modes, "")) {
      assertEquals("app null BODY", send(proxy, "/p", "body").body());
      assertEquals(1, counter(proxy, "stream_msgs_sent"));
    }
  }

  @Test
  void theServiceAnswersItself() throws Exception {
    service =
        (message, out) ->
            out.onNext(
                ProcessingResponse.newBuilder()
                    .setImmediateResponse(
                        ImmediateResponse.newBuilder()
                            .setStatus(HttpStatus.newBuilder().setCodeValue(418))
                            .setHeaders(told("x-own", "1"))
                            .setBody(ByteString.copyFromUtf8("no"))
                            .setDetails("a b"))
                    .build());
    try (Proxy proxy = proxy("", "")) {
      HttpResponse<String> response = send(proxy, "/p", "body");
      assertEquals(418, response.statusCode());
      assertEquals("no", response.body());
      assertEquals("1", response.headers().firstValue("x-own").orElse(""));
    }
    BiConsumer<ProcessingRequest, StreamObserver<ProcessingResponse>> replying = service;
    service =
        (message, out) -> {
          if (message.hasResponseHeaders()) {
            replying.accept(message, out);
          } else {
            out.onNext(pass(message));
          }
        };
    try (Proxy proxy = proxy("", "")) {
      assertEquals(418, send(proxy, "/p", "body").statusCode());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aServiceMayFail(boolean passes) throws Exception {
    service = (message, out) -> out.onError(Status.INTERNAL.asRuntimeException());
    try (Proxy proxy = proxy("", passes ? "failure_mode_allow: true" : "")) {
      HttpResponse<String> response = send(proxy, "/p", "body");
      assertEquals(passes ? 200 : 500, response.statusCode());
      assertEquals(1, counter(proxy, "streams_failed"));
      assertEquals(passes ? 1 : 0, counter(proxy, "failure_mode_allowed"));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aServiceMayBeSlow(boolean passes) throws Exception {
    service = (message, out) -> {};
    String more = "stat_prefix: sp\n              failure_mode_allow: " + passes;
    try (Proxy proxy = proxy("request_body_mode: STREAMED", "0.2s", more)) {
      HttpResponse<String> response = send(proxy, "/p", "body");
      assertEquals(passes ? 200 : 504, response.statusCode());
      assertEquals(1, counter(proxy, "sp.message_timeouts"));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoAnswersWhatWasNotAskedIsAskedNoMore(boolean passes) throws Exception {
    service =
        (message, out) ->
            out.onNext(
                ProcessingResponse.newBuilder()
                    .setResponseBody(body(ByteString.copyFromUtf8("bad")))
                    .build());
    try (Proxy proxy = proxy("request_body_mode: BUFFERED", "failure_mode_allow: " + passes)) {
      HttpResponse<String> response = send(proxy, "/p", "body");
      assertEquals(passes ? "app null body" : "", response.body());
      assertEquals(passes ? 200 : 500, response.statusCode());
      assertEquals(1, counter(proxy, "spurious_msgs_received"));
      assertEquals(1, counter(proxy, "streams_closed"));
    }
  }

  @Test
  void aBodyMayNotOutgrowItsLength() throws Exception {
    service =
        (message, out) ->
            out.onNext(
                message.hasRequestBody()
                    ? ProcessingResponse.newBuilder()
                        .setRequestBody(body(ByteString.copyFromUtf8("longer than that")))
                        .build()
                    : pass(message));
    try (Proxy proxy = proxy("request_body_mode: BUFFERED", "")) {
      assertEquals(500, send(proxy, "/p", "body").statusCode());
    }
  }

  @Test
  void headersThatAreNoneAreRefused() throws Exception {
    for (HeaderMutation bad : List.of(told("a b", "1"), told("x-split", "1\r\nx: y"))) {
      service =
          (message, out) ->
              out.onNext(ProcessingResponse.newBuilder().setRequestHeaders(headers(bad)).build());
      try (Proxy proxy = proxy("", "")) {
        assertEquals(500, send(proxy, "/p", "body").statusCode());
        assertEquals(1, counter(proxy, "rejected_header_mutations"));
      }
    }
  }

  @Test
  void aServiceMayEndTheCall() throws Exception {
    service =
        (message, out) -> {
          out.onNext(pass(message));
          out.onCompleted();
        };
    try (Proxy proxy = proxy("request_body_mode: BUFFERED", "")) {
      HttpResponse<String> response = send(proxy, "/p", "body");
      assertEquals("app yes body", response.body());
      assertEquals(0, counter(proxy, "streams_failed"));
    }
  }

  @Test
  void routingHeadersAreNotTheServicesToChange() throws Exception {
    service =
        (message, out) -> {
          HeaderMutation mutation =
              told("x-told", "1").toBuilder()
                  .addSetHeaders(told(":authority", "evil").getSetHeaders(0))
                  .addSetHeaders(told("x-envoy-y", "1").getSetHeaders(0))
                  .addRemoveHeaders(":path")
                  .build();
          out.onNext(
              message.hasRequestHeaders()
                  ? ProcessingResponse.newBuilder().setRequestHeaders(headers(mutation)).build()
                  : pass(message));
        };
    try (Proxy proxy = proxy("", "")) {
      assertEquals("app 1 body", send(proxy, "/p", "body").body());
      assertEquals(3, counter(proxy, "rejected_header_mutations"));
    }
  }
}
