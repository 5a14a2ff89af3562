package io.meltemi.it.traffic;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.StringValue;
import io.grpc.HandlerRegistry;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The gRPC side of applications: every method takes StringValues such as {@code
 * code=14&delay=MS&flaky=K&key=X&version=v1} and answers each with the JSON of what was received.
 */
final class GrpcApplications implements AutoCloseable {
  static final MethodDescriptor.Marshaller<String> TEXT =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(String value) {
          return new ByteArrayInputStream(StringValue.of(value).toByteArray());
        }

        @Override
        public String parse(InputStream stream) {
          try {
            return StringValue.parseFrom(stream).getValue();
          } catch (InvalidProtocolBufferException e) {
            throw new UncheckedIOException(e);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };

  private final Map<EchoApplication, Server> servers = new ConcurrentHashMap<>();
  private final ScheduledExecutorService delays = Executors.newSingleThreadScheduledExecutor();

  /** Where an application's calls are taken, on this machine. */
  InetSocketAddress address(EchoApplication application) {
    Server server = servers.computeIfAbsent(application, this::start);
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getPort());
  }

  private Server start(EchoApplication application) {
    try {
      return NettyServerBuilder.forAddress(
              new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
          .fallbackHandlerRegistry(
              new HandlerRegistry() {
                @Override
                public ServerMethodDefinition<?, ?> lookupMethod(
                    String method, @Nullable String authority) {
                  return ServerMethodDefinition.create(
                      MethodDescriptor.newBuilder(TEXT, TEXT)
                          .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                          .setFullMethodName(method)
                          .build(),
                      handler(application));
                }
              })
          .build()
          .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ServerCallHandler<String, String> handler(EchoApplication application) {
    return (call, metadata) -> {
      call.request(1);
      return new ServerCall.Listener<>() {
        private boolean started;
        private boolean closed;
        private boolean ended;
        private int working;

        @Override
        public void onMessage(String message) {
          Map<String, String> asked = asked(message);
          Map<String, Object> record = record(application, call, metadata, message);
          application.received(record);
          String version = asked.getOrDefault("version", application.version());
          boolean meant = version.equals(application.version());
          long delay = meant ? Long.parseLong(asked.getOrDefault("delay", "0")) : 0;
          int code = meant ? code(application, asked) : 0;
          working++;
          delays.schedule(() -> reply(code, record), delay, TimeUnit.MILLISECONDS);
        }

        private synchronized void reply(int code, Map<String, Object> record) {
          working--;
          if (closed || call.isCancelled()) {
            return;
          }
          if (code > 0) {
            closed = true;
            call.close(
                Status.fromCodeValue(code).withDescription("asked for " + code), new Metadata());
            return;
          }
          if (!started) {
            started = true;
            Metadata told = new Metadata();
            told.put(
                Metadata.Key.of("x-echo-version", Metadata.ASCII_STRING_MARSHALLER),
                application.version());
            call.sendHeaders(told);
          }
          call.sendMessage(Json.write(record));
          call.request(1);
          finish();
        }

        @Override
        public synchronized void onHalfClose() {
          ended = true;
          finish();
        }

        private void finish() {
          if (ended && working == 0 && !closed) {
            closed = true;
            call.close(Status.OK, new Metadata());
          }
        }
      };
    };
  }

  private static int code(EchoApplication application, Map<String, String> asked) {
    int code = Integer.parseInt(asked.getOrDefault("code", "0"));
    int flaky = Integer.parseInt(asked.getOrDefault("flaky", "0"));
    if (flaky == 0) {
      return code;
    }
    boolean fails = application.failsFirst("grpc" + asked.get("key"), flaky);
    return fails ? code == 0 ? Status.Code.UNAVAILABLE.value() : code : 0;
  }

  private static Map<String, Object> record(
      EchoApplication application,
      ServerCall<String, String> call,
      Metadata metadata,
      String message) {
    Map<String, Object> record =
        application.record(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0, "gRPC");
    record.put("method", "POST");
    record.put("path", "/" + call.getMethodDescriptor().getFullMethodName());
    record.put("host", String.valueOf(call.getAuthority()));
    Map<String, String> headers = new TreeMap<>();
    for (String name : metadata.keys()) {
      if (!name.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
        Iterable<String> values =
            metadata.getAll(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
        headers.put(name, values == null ? "" : String.join(",", values));
      }
    }
    record.put("headers", headers);
    record.put("body", message);
    return record;
  }

  private static Map<String, String> asked(String message) {
    Map<String, String> asked = new HashMap<>();
    for (String pair : message.split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        asked.put(
            pair.substring(0, equals),
            URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
      }
    }
    return asked;
  }

  @Override
  public void close() {
    servers.values().forEach(Server::shutdownNow);
    delays.shutdownNow();
  }
}
