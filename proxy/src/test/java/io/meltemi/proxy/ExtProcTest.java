package io.meltemi.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
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
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
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

  private final List<ProcessingRequest> shown = new CopyOnWriteArrayList<>();

  @AutoClose
  private final TestApp app =
      new TestApp(
          exchange ->
              TestApp.answer(
                  exchange,
                  200,
                  "app "
                      + exchange.getRequestHeaders().getFirst("x-told")
                      + " "
                      + TestApp.sent(exchange)));

  private final Server processor;
  private volatile BiConsumer<ProcessingRequest, StreamObserver<ProcessingResponse>> service =
      (message, out) -> out.onNext(pass(message));

  ExtProcTest() throws IOException {
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
            .build()
            .start();
  }

  @AfterEach
  void stop() {
    processor.shutdownNow();
  }

  private RunningProxy proxy(String mode, String more) throws Exception {
    return proxy(mode, "10s", more);
  }

  private RunningProxy proxy(String mode, String timeout, String more) throws Exception {
    String yaml =
        BOOTSTRAP
            .replace("MODE", mode)
            .replace("TIMEOUT", timeout)
            .replace("MORE", more)
            .replace("APP", "" + app.port())
            .replace("GRPC", "" + processor.getPort());
    return RunningProxy.start(yaml).awaitReady();
  }

  private static long counter(RunningProxy proxy, String name) {
    return proxy.stat("http.in.ext_proc." + name);
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
    try (RunningProxy proxy = proxy("", "")) {
      for (int i = 1; i <= 2; i++) {
        HttpResponse<String> response = proxy.send("/p", "body");
        assertEquals("app yes body", response.body());
        assertEquals("yes", response.headers().firstValue("x-back").orElse(""));
        assertEquals(i, counter(proxy, "streams_started"));
        assertEquals(2L * i, counter(proxy, "stream_msgs_sent"));
        assertEquals(2L * i, counter(proxy, "stream_msgs_received"));
      }
      assertEquals("app null body", proxy.send("/off", "body").body());
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
    try (RunningProxy proxy = proxy("request_header_mode: SKIP, response_header_mode: SKIP", "")) {
      assertEquals("app null body", proxy.send("/p", "body").body());
      assertEquals(0, counter(proxy, "streams_started"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"BUFFERED", "STREAMED"})
  void changesBodies(String mode) throws Exception {
    String modes = "request_body_mode: " + mode + ", response_body_mode: " + mode;
    try (RunningProxy proxy = proxy(modes, "")) {
      assertEquals("APP YES BODY", proxy.send("/p", "body").body());
      String large = "x".repeat(300_000);
      if (mode.equals("STREAMED")) {
        assertEquals("APP YES " + "X".repeat(300_000), proxy.send("/p", large).body());
      }
      assertEquals("APP YES ", proxy.send("/p", "").body());
    }
  }

  @Test
  void bodiesAloneMayBeShown() throws Exception {
    String modes =
        "request_header_mode: SKIP, response_header_mode: SKIP, request_body_mode: BUFFERED";
    try (RunningProxy proxy = proxy(modes, "")) {
      assertEquals("app null BODY", proxy.send("/p", "body").body());
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
    try (RunningProxy proxy = proxy("", "")) {
      HttpResponse<String> response = proxy.send("/p", "body");
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
    try (RunningProxy proxy = proxy("", "")) {
      assertEquals(418, proxy.send("/p", "body").statusCode());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aServiceMayFail(boolean passes) throws Exception {
    service = (message, out) -> out.onError(Status.INTERNAL.asRuntimeException());
    try (RunningProxy proxy = proxy("", passes ? "failure_mode_allow: true" : "")) {
      HttpResponse<String> response = proxy.send("/p", "body");
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
    try (RunningProxy proxy = proxy("request_body_mode: STREAMED", "0.2s", more)) {
      HttpResponse<String> response = proxy.send("/p", "body");
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
    try (RunningProxy proxy =
        proxy("request_body_mode: BUFFERED", "failure_mode_allow: " + passes)) {
      HttpResponse<String> response = proxy.send("/p", "body");
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
    try (RunningProxy proxy = proxy("request_body_mode: BUFFERED", "")) {
      assertEquals(500, proxy.send("/p", "body").statusCode());
    }
  }

  @Test
  void headersThatAreNoneAreRefused() throws Exception {
    for (HeaderMutation bad : List.of(told("a b", "1"), told("x-split", "1\r\nx: y"))) {
      service =
          (message, out) ->
              out.onNext(ProcessingResponse.newBuilder().setRequestHeaders(headers(bad)).build());
      try (RunningProxy proxy = proxy("", "")) {
        assertEquals(500, proxy.send("/p", "body").statusCode());
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
    try (RunningProxy proxy = proxy("request_body_mode: BUFFERED", "")) {
      HttpResponse<String> response = proxy.send("/p", "body");
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
    try (RunningProxy proxy = proxy("", "")) {
      assertEquals("app 1 body", proxy.send("/p", "body").body());
      assertEquals(3, counter(proxy, "rejected_header_mutations"));
    }
  }
}
