package io.meltemi.it.traffic;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/** Makes the requests of one {@link Call} and gathers what came of them. */
final class Caller {
  private static final int TIMEOUT_MILLIS = 8000;

  private final Call call;
  private final Connector.Path path;
  private final Connector connector;
  private final Surroundings around;
  private final int timeoutMillis;

  /**
   * What every call of a world shares.
   *
   * @param scale multiplies time limits
   */
  record Surroundings(Connector connector, EventLoopGroup loops, Path pki, int scale) {}

  Caller(Call call, Connector.Path path, Surroundings around) {
    this.call = call;
    this.path = path;
    this.around = around;
    this.connector = around.connector();
    timeoutMillis = call.number("timeoutMs", TIMEOUT_MILLIS) * around.scale();
  }

  /** What one worker keeps from request to request. */
  private static final class Worker implements AutoCloseable {
    private @Nullable Http1Client http1;
    private @Nullable Http2Client http2;
    private final Map<String, String> cookies = new LinkedHashMap<>();
    private Map<String, String> tls = Map.of();

    @Override
    public void close() {
      if (http1 != null) {
        http1.close();
      }
      if (http2 != null) {
        http2.close();
      }
    }
  }

  List<Answer> run() throws InterruptedException {
    int count = call.number("count", 1);
    double qps = call.number("qps", 0);
    int duration = call.number("durationMs", 0);
    if (duration > 0) {
      count = Math.max(1, (int) (duration / 1000.0 * Math.max(1, qps)));
    }
    @Nullable Answer[] answers = new Answer[count];
    AtomicInteger next = new AtomicInteger();
    long start = System.nanoTime();
    List<Thread> workers = new ArrayList<>();
    int total = count;
    for (int i = 0; i < Math.min(count, call.number("concurrency", 1)); i++) {
      workers.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    try (Worker worker = new Worker()) {
                      int number;
                      while ((number = next.getAndIncrement()) < total) {
                        pace(start, number, qps);
                        answers[number] = one(worker);
                      }
                    }
                  }));
    }
    for (Thread worker : workers) {
      worker.join();
    }
    List<Answer> all = new ArrayList<>();
    for (Answer answer : answers) {
      all.add(Objects.requireNonNullElseGet(answer, Answer::new));
    }
    return all;
  }

  private static void pace(long start, int number, double qps) {
    if (qps > 0) {
      long due = start + (long) (number / qps * 1e9);
      java.util.concurrent.locks.LockSupport.parkNanos(due - System.nanoTime());
    }
  }

  private Answer one(Worker worker) {
    Answer answer = new Answer();
    long start = System.nanoTime();
    try {
      switch (call.scheme()) {
        case "http", "https" -> http(worker, answer);
        case "tcp", "tls" -> lines(answer);
        case "ws", "wss" -> webSocket(answer);
        case "grpc", "grpcs" -> grpc(answer);
        default -> throw new IllegalArgumentException("scheme of " + call.url());
      }
    } catch (IOException e) {
      answer.failed(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      answer.failed(e);
    }
    answer.millis = (System.nanoTime() - start) / 1e6;
    return answer;
  }

  private void http(Worker worker, Answer answer) throws IOException, InterruptedException {
    boolean fresh = call.is("noKeepalive");
    if (call.is("h2")) {
      Http2Client client = worker.http2;
      if (client == null || fresh || !client.isReusable()) {
        if (client != null) {
          client.close();
        }
        client = Http2Client.connect(around.loops(), path, secure("h2"), timeoutMillis);
        worker.http2 = client;
      }
      client.exchange(http2Headers(worker), call.body(), answer);
    } else {
      Http1Client client = worker.http1;
      if (client == null || fresh || !client.isReusable()) {
        if (client != null) {
          client.close();
        }
        client = new Http1Client(connect(answer));
        worker.http1 = client;
        worker.tls = new LinkedHashMap<>(answer.tls);
      }
      answer.tls.putAll(worker.tls);
      client.exchange(request(worker), call.method(), answer);
    }
    if (call.is("cookies")) {
      String cookie = answer.headers.get("set-cookie");
      if (cookie != null) {
        String pair = cookie.split(";", 2)[0];
        worker.cookies.put(pair.split("=", 2)[0], pair);
      }
    }
  }

  private Map<String, List<String>> http2Headers(Worker worker) {
    Map<String, List<String>> headers = new LinkedHashMap<>();
    headers.put(":method", List.of(call.method()));
    headers.put(":scheme", List.of(call.secure() ? "https" : "http"));
    headers.put(":authority", List.of(call.authority()));
    headers.put(":path", List.of(call.target()));
    call.headers()
        .forEach(
            (name, values) -> {
              if (!name.equalsIgnoreCase("host")) {
                headers.put(name.toLowerCase(Locale.ROOT), values);
              }
            });
    if (!worker.cookies.isEmpty()) {
      headers.put("cookie", List.of(String.join("; ", worker.cookies.values())));
    }
    return headers;
  }

  private byte[] request(Worker worker) throws IOException {
    Optional<String> raw = call.text("raw");
    if (raw.isPresent()) {
      return raw.get().getBytes(StandardCharsets.ISO_8859_1);
    }
    byte[] body = call.body();
    StringBuilder head = new StringBuilder();
    head.append(call.method()).append(' ').append(call.target());
    head.append(call.is("http10") ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
    if (!call.authority().isEmpty()) {
      head.append("host: ").append(call.authority()).append("\r\n");
    }
    call.headers()
        .forEach(
            (name, values) -> {
              if (!name.equalsIgnoreCase("host")) {
                values.forEach(v -> head.append(name).append(": ").append(v).append("\r\n"));
              }
            });
    if (!worker.cookies.isEmpty()) {
      head.append("cookie: ").append(String.join("; ", worker.cookies.values())).append("\r\n");
    }
    ByteArrayOutputStream request = new ByteArrayOutputStream();
    Map<String, Object> trailers = Expectation.map(call.terms().get("trailers"));
    if (call.is("chunked") || !trailers.isEmpty()) {
      head.append("transfer-encoding: chunked\r\n\r\n");
      request.write(head.toString().getBytes(StandardCharsets.ISO_8859_1));
      if (body.length > 0) {
        request.write(
            (Integer.toHexString(body.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
        request.write(body);
        request.write("\r\n".getBytes(StandardCharsets.US_ASCII));
      }
      StringBuilder end = new StringBuilder("0\r\n");
      trailers.forEach((name, value) -> end.append(name).append(": ").append(value).append("\r\n"));
      request.write(end.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII));
    } else {
      if (body.length > 0 || List.of("POST", "PUT", "PATCH").contains(call.method())) {
        head.append("content-length: ").append(body.length).append("\r\n");
      }
      request.write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
      request.write(body);
    }
    return request.toByteArray();
  }

  /** Connects, and shakes hands when the scheme asks for it. */
  private Socket connect(Answer answer) throws IOException {
    Socket plain = path.connect(timeoutMillis);
    Optional<Http2Client.Secure> secure = secure("");
    if (secure.isEmpty()) {
      return plain;
    }
    try {
      SslContext context = secure.get().context();
      var engineContext = ((io.netty.handler.ssl.JdkSslContext) context).context();
      SSLSocket socket =
          (SSLSocket)
              engineContext
                  .getSocketFactory()
                  .createSocket(plain, secure.get().serverName(), call.port(), true);
      SSLParameters parameters = socket.getSSLParameters();
      String name = secure.get().serverName();
      parameters.setServerNames(name.isEmpty() ? List.of() : List.of(new SNIHostName(name)));
      List<String> alpn = call.texts("alpn");
      if (!alpn.isEmpty()) {
        parameters.setApplicationProtocols(alpn.toArray(String[]::new));
      }
      call.text("tlsVersion").ifPresent(v -> parameters.setProtocols(new String[] {v}));
      if (!call.texts("ciphers").isEmpty()) {
        parameters.setCipherSuites(call.texts("ciphers").toArray(String[]::new));
      }
      if (!call.texts("schemes").isEmpty()) {
        parameters.setSignatureSchemes(call.texts("schemes").toArray(String[]::new));
      }
      if (call.text("ca").isPresent()) {
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
      }
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      answer.tls.putAll(TlsFacts.of(socket.getSession(), null));
      answer.tls.put("alpn", Objects.requireNonNullElse(socket.getApplicationProtocol(), ""));
      return socket;
    } catch (IOException e) {
      plain.close();
      throw e;
    }
  }

  private Optional<Http2Client.Secure> secure(String alpn) throws IOException {
    if (!call.secure()) {
      return Optional.empty();
    }
    SslContextBuilder builder = SslContextBuilder.forClient().sslProvider(SslProvider.JDK);
    if (call.text("ca").isPresent()) {
      builder.trustManager(around.pki().resolve(call.text("ca").get()).toFile());
    } else {
      builder.trustManager(InsecureTrustManagerFactory.INSTANCE);
      builder.endpointIdentificationAlgorithm(null);
    }
    if (call.text("cert").isPresent()) {
      builder.keyManager(
          around.pki().resolve(call.text("cert").get()).toFile(),
          around.pki().resolve(call.text("key").orElseThrow()).toFile());
    }
    if (!alpn.isEmpty()) {
      if (call.scheme().equals("grpcs")) {
        GrpcSslContexts.configure(builder, SslProvider.JDK);
      } else {
        builder.applicationProtocolConfig(
            new ApplicationProtocolConfig(
                ApplicationProtocolConfig.Protocol.ALPN,
                ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                alpn));
      }
    }
    String name = call.text("sni").orElse(call.url().getHost());
    return Optional.of(
        new Http2Client.Secure(builder.build(), name.matches("[0-9.]+") ? "" : name));
  }

  private void hold(int number) throws InterruptedException {
    int millis = call.number("holdMs", 0);
    if (number > 0 && millis > 0) {
      Thread.sleep(millis);
    }
  }

  private void lines(Answer answer) throws IOException, InterruptedException {
    try (Socket socket = connect(answer)) {
      Http1Client reader = new Http1Client(socket);
      OutputStream out = reader.output();
      if (call.is("readFirst")) {
        answer.lines.add(reader.line());
      }
      List<String> messages = call.messages();
      for (int i = 0; i < messages.size(); i++) {
        hold(i);
        boolean last = call.is("halfClose") && i == messages.size() - 1;
        String end = last ? "" : "\n";
        out.write((messages.get(i) + end).getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
        if (last) {
          socket.shutdownOutput();
        }
        answer.lines.add(reader.line());
      }
      if (call.is("halfClose")) {
        if (messages.isEmpty()) {
          socket.shutdownOutput();
        }
        if (reader.input().read() >= 0) {
          throw new IOException("more came after the end");
        }
      }
      answer.body = String.join("\n", answer.lines);
    }
  }

  private void webSocket(Answer answer) throws IOException, InterruptedException {
    try (Http1Client client = new Http1Client(connect(answer))) {
      StringBuilder request = new StringBuilder();
      request.append("GET ").append(call.target()).append(" HTTP/1.1\r\n");
      request.append("Host: ").append(call.authority()).append("\r\n");
      request.append("Upgrade: websocket\r\nConnection: Upgrade\r\n");
      request.append("Sec-WebSocket-Version: 13\r\n");
      request.append("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
      call.headers()
          .forEach(
              (name, values) ->
                  values.forEach(v -> request.append(name).append(": ").append(v).append("\r\n")));
      client.exchange(
          request.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1), "GET", answer);
      if (answer.status != 101) {
        return;
      }
      List<String> messages = call.messages();
      for (int i = 0; i < messages.size(); i++) {
        hold(i);
        frame(client.output(), 1, messages.get(i).getBytes(StandardCharsets.UTF_8));
        answer.lines.add(frame(client.input()));
      }
      frame(client.output(), 8, new byte[0]);
      answer.body = String.join("\n", answer.lines);
    }
  }

  private static void frame(OutputStream out, int opcode, byte[] payload) throws IOException {
    ByteArrayOutputStream frame = new ByteArrayOutputStream();
    frame.write(0x80 | opcode);
    if (payload.length < 126) {
      frame.write(0x80 | payload.length);
    } else {
      frame.write(0x80 | 126);
      frame.write(payload.length >> 8);
      frame.write(payload.length);
    }
    byte[] mask = {1, 2, 3, 4};
    frame.write(mask);
    for (int i = 0; i < payload.length; i++) {
      frame.write(payload[i] ^ mask[i % 4]);
    }
    out.write(frame.toByteArray());
    out.flush();
  }

  private static String frame(InputStream in) throws IOException {
    int opcode = in.read() & 0x0F;
    int length = in.read();
    if (length < 0 || opcode == 8) {
      throw new EOFException("the WebSocket was closed");
    }
    if (length == 126) {
      length = in.read() << 8 | in.read();
    }
    return new String(in.readNBytes(length), StandardCharsets.UTF_8);
  }

  private void grpc(Answer answer) throws IOException, InterruptedException {
    NettyChannelBuilder builder =
        NettyChannelBuilder.forAddress(connector.forwarder(path.to() + path.header(), path))
            .overrideAuthority(call.authority())
            .disableRetry();
    Optional<Http2Client.Secure> secure = secure("h2");
    if (secure.isPresent()) {
      builder.sslContext(secure.get().context());
    } else {
      builder.usePlaintext();
    }
    ManagedChannel channel = builder.build();
    Metadata headers = new Metadata();
    call.headers()
        .forEach(
            (name, values) ->
                values.forEach(
                    v -> headers.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), v)));
    java.util.concurrent.atomic.AtomicReference<Metadata> first =
        new java.util.concurrent.atomic.AtomicReference<>(new Metadata());
    java.util.concurrent.atomic.AtomicReference<Metadata> last =
        new java.util.concurrent.atomic.AtomicReference<>(new Metadata());
    String rpc = call.text("rpc").orElse("/mx.Echo/Call").substring(1);
    CallOptions options =
        CallOptions.DEFAULT.withDeadlineAfter(timeoutMillis, TimeUnit.MILLISECONDS);
    var intercepted =
        ClientInterceptors.intercept(
            channel,
            MetadataUtils.newAttachHeadersInterceptor(headers),
            MetadataUtils.newCaptureMetadataInterceptor(first, last));
    answer.proto = "gRPC";
    try {
      if (rpc.endsWith("/Stream")) {
        stream(
            intercepted.newCall(method(rpc, MethodDescriptor.MethodType.BIDI_STREAMING), options),
            answer);
      } else {
        answer.body =
            ClientCalls.blockingUnaryCall(
                intercepted,
                method(rpc, MethodDescriptor.MethodType.UNARY),
                options,
                call.text("body").orElse(""));
      }
    } catch (StatusRuntimeException e) {
      answer.status = e.getStatus().getCode().value();
      answer.kind = "grpc";
      answer.error = String.valueOf(e.getStatus().getDescription());
    } finally {
      channel.shutdownNow();
    }
    keep(first.get(), "", answer);
    keep(last.get(), "trailer:", answer);
  }

  private static void keep(@Nullable Metadata metadata, String prefix, Answer answer) {
    if (metadata != null) {
      for (String name : metadata.keys()) {
        if (!name.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
          String value = metadata.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
          answer.header(prefix + name, String.valueOf(value));
        }
      }
    }
  }

  private static MethodDescriptor<String, String> method(
      String name, MethodDescriptor.MethodType type) {
    return MethodDescriptor.newBuilder(GrpcApplications.TEXT, GrpcApplications.TEXT)
        .setType(type)
        .setFullMethodName(name)
        .build();
  }

  /** Sends each message when the one before was answered. */
  private void stream(ClientCall<String, String> stream, Answer answer)
      throws InterruptedException {
    LinkedBlockingQueue<Object> events = new LinkedBlockingQueue<>();
    stream.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(String message) {
            events.add(message);
          }

          @Override
          public void onClose(Status status, Metadata trailers) {
            events.add(status);
          }
        },
        new Metadata());
    List<String> messages = call.messages();
    for (int i = 0; i < messages.size(); i++) {
      hold(i);
      stream.sendMessage(messages.get(i));
      stream.request(1);
      Object event = events.poll(timeoutMillis, TimeUnit.MILLISECONDS);
      if (event instanceof String text) {
        answer.lines.add(text);
        answer.body = text;
      } else {
        throw event instanceof Status status
            ? status.asRuntimeException()
            : Status.DEADLINE_EXCEEDED.asRuntimeException();
      }
    }
    stream.halfClose();
    if (events.poll(timeoutMillis, TimeUnit.MILLISECONDS) instanceof Status end && !end.isOk()) {
      throw end.asRuntimeException();
    }
  }
}
