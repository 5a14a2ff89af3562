package io.meltemi.proxy.telemetry;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** Envoy's command operators by name. */
final class FormatOperators {
  private static final ResponseFlag[] FLAGS = ResponseFlag.values();

  private FormatOperators() {}

  /** An operator or a parameter that we do not have. */
  static final class Unsupported extends Exception {
    private static final long serialVersionUID = 1L;
    private final String expected;

    Unsupported(String expected) {
      super(expected);
      this.expected = expected;
    }

    String expected() {
      return expected;
    }
  }

  static FormatOperator text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return new FormatOperator() {
      @Override
      public boolean write(StreamInfo info, FormatOutput out) {
        out.add(bytes);
        return true;
      }

      @Override
      public boolean isConstant() {
        return true;
      }
    };
  }

  /** Parses {@code NAME}, {@code NAME(parameter)} or {@code NAME(parameter):maxLength}. */
  static FormatOperator parse(String operator, Formatter.Sources sources) throws Unsupported {
    int open = operator.indexOf('(');
    int close = operator.lastIndexOf(')');
    if (open < 0 ? close >= 0 : close < open) {
      throw new Unsupported("NAME, NAME(parameter) or NAME(parameter):length");
    }
    String name = open < 0 ? operator : operator.substring(0, open);
    String parameter = open < 0 ? "" : operator.substring(open + 1, close);
    String tail = open < 0 ? "" : operator.substring(close + 1);
    int colon = name.indexOf(':');
    if (open < 0 && colon > 0) {
      tail = name.substring(colon);
      name = name.substring(0, colon);
    }
    FormatOperator parsed = byName(name, parameter, sources);
    return tail.isEmpty() ? parsed : limited(parsed, lengthMax(tail));
  }

  private static int lengthMax(String tail) throws Unsupported {
    try {
      int length = tail.startsWith(":") ? Integer.parseInt(tail.substring(1)) : -1;
      if (length >= 0) {
        return length;
      }
    } catch (NumberFormatException e) {
      // falls through to the one complaint
    }
    throw new Unsupported("a length such as :100 behind the parameter");
  }

  private static FormatOperator limited(FormatOperator whole, int lengthMax) {
    return (info, out) -> {
      int before = out.length();
      boolean present = whole.write(info, out);
      if (out.length() - before > lengthMax) {
        out.truncate(before + lengthMax);
      }
      return present;
    };
  }

  private static FormatOperator byName(String name, String parameter, Formatter.Sources sources)
      throws Unsupported {
    return switch (name) {
      case "REQ" -> header(parameter, info -> info.requestHeaders, false);
      case "REQ_WITHOUT_QUERY" -> header(parameter, info -> info.requestHeaders, true);
      case "RESP" -> header(parameter, info -> info.responseHeaders, false);
      case "TRAILER" -> header(parameter, info -> info.responseTrailers, false);
      case "START_TIME" -> new TimeOperator(parameter, sources.ticker());
      case "PROTOCOL" -> string(info -> info.protocol);
      case "UPSTREAM_PROTOCOL" -> string(info -> info.upstreamProtocol);
      case "GRPC_STATUS" -> grpcStatus(parameter);
      case "GRPC_STATUS_NUMBER" -> new GrpcStatusOperator(GrpcStatusOperator.Form.NUMBER);
      case "RESPONSE_CODE" -> (NumberOperator) info -> info.responseCode;
      case "RESPONSE_CODE_DETAILS" -> string(info -> info.responseCodeDetails);
      case "CONNECTION_TERMINATION_DETAILS" -> string(info -> info.connectionTerminationDetails);
      case "RESPONSE_FLAGS" -> flags(false);
      case "RESPONSE_FLAGS_LONG" -> flags(true);
      case "BYTES_RECEIVED" -> (NumberOperator) info -> info.bytesReceived;
      case "BYTES_SENT" -> (NumberOperator) info -> info.bytesSent;
      case "DOWNSTREAM_WIRE_BYTES_RECEIVED" -> (NumberOperator) info -> info.wireBytesReceived;
      case "DOWNSTREAM_WIRE_BYTES_SENT" -> (NumberOperator) info -> info.wireBytesSent;
      case "DOWNSTREAM_HEADER_BYTES_RECEIVED" -> (NumberOperator) info -> info.headerBytesReceived;
      case "DOWNSTREAM_HEADER_BYTES_SENT" -> (NumberOperator) info -> info.headerBytesSent;
      case "UPSTREAM_WIRE_BYTES_RECEIVED" ->
          (NumberOperator) info -> info.upstreamWireBytesReceived;
      case "UPSTREAM_WIRE_BYTES_SENT" -> (NumberOperator) info -> info.upstreamWireBytesSent;
      case "DURATION" -> millis(info -> info.endNanos);
      case "REQUEST_DURATION" -> millis(info -> info.lastDownstreamRxByteNanos);
      case "REQUEST_TX_DURATION" -> millis(info -> info.lastUpstreamTxByteNanos);
      case "RESPONSE_DURATION" -> millis(info -> info.firstUpstreamRxByteNanos);
      case "RESPONSE_TX_DURATION" ->
          between(info -> info.firstUpstreamRxByteNanos, info -> info.lastDownstreamTxByteNanos);
      case "ROUTE_NAME" -> string(info -> info.routeName);
      case "VIRTUAL_CLUSTER_NAME" -> (_, _) -> false;
      case "UPSTREAM_CLUSTER", "UPSTREAM_CLUSTER_RAW" -> string(info -> info.upstreamCluster);
      case "UPSTREAM_HOST", "UPSTREAM_REMOTE_ADDRESS" ->
          address(info -> info.upstreamRemoteAddress, Part.BOTH);
      case "UPSTREAM_HOST_NAME_WITHOUT_PORT" -> string(info -> info.upstreamHostName);
      case "UPSTREAM_HOST_NAME" ->
          firstOf(
              string(info -> info.upstreamHostName),
              address(info -> info.upstreamRemoteAddress, Part.BOTH));
      case "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT" ->
          address(info -> info.upstreamRemoteAddress, Part.HOST);
      case "UPSTREAM_REMOTE_PORT" -> address(info -> info.upstreamRemoteAddress, Part.PORT);
      case "UPSTREAM_LOCAL_ADDRESS" -> address(info -> info.upstreamLocalAddress, Part.BOTH);
      case "UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT" ->
          address(info -> info.upstreamLocalAddress, Part.HOST);
      case "UPSTREAM_LOCAL_PORT" -> address(info -> info.upstreamLocalAddress, Part.PORT);
      case "UPSTREAM_REQUEST_ATTEMPT_COUNT" -> (NumberOperator) info -> info.attemptCount;
      case "UPSTREAM_TRANSPORT_FAILURE_REASON" ->
          string(info -> info.upstreamTransportFailureReason.replace(' ', '_'));
      case "DOWNSTREAM_LOCAL_ADDRESS" -> address(info -> info.downstreamLocalAddress, Part.BOTH);
      case "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT" ->
          address(info -> info.downstreamLocalAddress, Part.HOST);
      case "DOWNSTREAM_LOCAL_PORT" -> address(info -> info.downstreamLocalAddress, Part.PORT);
      case "DOWNSTREAM_REMOTE_ADDRESS" -> address(info -> info.downstreamRemoteAddress, Part.BOTH);
      case "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT" ->
          address(info -> info.downstreamRemoteAddress, Part.HOST);
      case "DOWNSTREAM_REMOTE_PORT" -> address(info -> info.downstreamRemoteAddress, Part.PORT);
      case "DOWNSTREAM_DIRECT_REMOTE_ADDRESS" ->
          address(info -> info.downstreamDirectRemoteAddress, Part.BOTH);
      case "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT" ->
          address(info -> info.downstreamDirectRemoteAddress, Part.HOST);
      case "DOWNSTREAM_DIRECT_REMOTE_PORT" ->
          address(info -> info.downstreamDirectRemoteAddress, Part.PORT);
      case "CONNECTION_ID" -> (NumberOperator) info -> info.connectionId;
      case "REQUESTED_SERVER_NAME" -> string(info -> info.requestedServerName);
      case "FILTER_CHAIN_NAME" -> string(info -> info.filterChainName);
      case "PATH" -> path(parameter);
      case "ENVIRONMENT" -> environment(parameter, sources.environment());
      case "TRACE_ID" -> string(info -> info.traceId);
      case "STREAM_ID" -> string(info -> info.streamId);
      case "DYNAMIC_METADATA" -> MetadataOperator.parse(parameter);
      case "DOWNSTREAM_TLS_VERSION" -> downstream(TlsInfo::version);
      case "DOWNSTREAM_TLS_CIPHER" -> downstream(TlsInfo::cipher);
      case "DOWNSTREAM_TLS_GROUP" -> downstream(TlsInfo::group);
      case "DOWNSTREAM_TLS_SESSION_ID" -> downstream(TlsInfo::sessionId);
      case "DOWNSTREAM_PEER_URI_SAN" -> downstream(tls -> joined(tls.peer().uriSans()));
      case "DOWNSTREAM_PEER_DNS_SAN" -> downstream(tls -> joined(tls.peer().dnsSans()));
      case "DOWNSTREAM_PEER_IP_SAN" -> downstream(tls -> joined(tls.peer().ipSans()));
      case "DOWNSTREAM_PEER_EMAIL_SAN" -> downstream(tls -> joined(tls.peer().emailSans()));
      case "DOWNSTREAM_PEER_SUBJECT" -> downstream(tls -> tls.peer().subject());
      case "DOWNSTREAM_PEER_ISSUER" -> downstream(tls -> tls.peer().issuer());
      case "DOWNSTREAM_PEER_SERIAL" -> downstream(tls -> tls.peer().serial());
      case "DOWNSTREAM_PEER_FINGERPRINT_256" -> downstream(tls -> tls.peer().fingerprint256());
      case "DOWNSTREAM_PEER_FINGERPRINT_1" -> downstream(tls -> tls.peer().fingerprint1());
      case "DOWNSTREAM_PEER_CERT" -> downstream(tls -> tls.peer().urlEncodedPem());
      case "DOWNSTREAM_PEER_CERT_V_START" -> downstream(tls -> tls.peer().notBefore());
      case "DOWNSTREAM_PEER_CERT_V_END" -> downstream(tls -> tls.peer().notAfter());
      case "DOWNSTREAM_LOCAL_URI_SAN" -> downstream(tls -> joined(tls.local().uriSans()));
      case "DOWNSTREAM_LOCAL_DNS_SAN" -> downstream(tls -> joined(tls.local().dnsSans()));
      case "DOWNSTREAM_LOCAL_IP_SAN" -> downstream(tls -> joined(tls.local().ipSans()));
      case "DOWNSTREAM_LOCAL_EMAIL_SAN" -> downstream(tls -> joined(tls.local().emailSans()));
      case "DOWNSTREAM_LOCAL_SUBJECT" -> downstream(tls -> tls.local().subject());
      case "UPSTREAM_TLS_VERSION" -> upstream(TlsInfo::version);
      case "UPSTREAM_TLS_CIPHER" -> upstream(TlsInfo::cipher);
      case "UPSTREAM_TLS_SESSION_ID" -> upstream(TlsInfo::sessionId);
      case "UPSTREAM_PEER_SUBJECT" -> upstream(tls -> tls.peer().subject());
      case "UPSTREAM_PEER_ISSUER" -> upstream(tls -> tls.peer().issuer());
      case "UPSTREAM_PEER_URI_SAN" -> upstream(tls -> joined(tls.peer().uriSans()));
      case "UPSTREAM_PEER_DNS_SAN" -> upstream(tls -> joined(tls.peer().dnsSans()));
      case "UPSTREAM_TLS_GROUP" -> upstream(TlsInfo::group);
      case "UPSTREAM_SERVER_NAME" -> upstream(TlsInfo::serverName);
      case "UPSTREAM_PEER_IP_SAN" -> upstream(tls -> joined(tls.peer().ipSans()));
      case "UPSTREAM_LOCAL_URI_SAN" -> upstream(tls -> joined(tls.local().uriSans()));
      case "UPSTREAM_LOCAL_DNS_SAN" -> upstream(tls -> joined(tls.local().dnsSans()));
      case "UPSTREAM_LOCAL_IP_SAN" -> upstream(tls -> joined(tls.local().ipSans()));
      case "UPSTREAM_PEER_CERT" -> upstream(tls -> tls.peer().urlEncodedPem());
      case "UPSTREAM_PEER_CERT_V_START" -> upstream(tls -> tls.peer().notBefore());
      case "UPSTREAM_PEER_CERT_V_END" -> upstream(tls -> tls.peer().notAfter());
      default -> throw new Unsupported("a supported command operator");
    };
  }

  /** A number that is always there. */
  private interface NumberOperator extends FormatOperator {
    long value(StreamInfo info);

    @Override
    default boolean write(StreamInfo info, FormatOutput out) {
      out.addNumber(value(info));
      return true;
    }

    @Override
    default boolean isNumber() {
      return true;
    }
  }

  private static FormatOperator grpcStatus(String parameter) throws Unsupported {
    return switch (parameter) {
      case "", "CAMEL_STRING" -> new GrpcStatusOperator(GrpcStatusOperator.Form.CAMEL_STRING);
      case "SNAKE_STRING" -> new GrpcStatusOperator(GrpcStatusOperator.Form.SNAKE_STRING);
      case "NUMBER" -> new GrpcStatusOperator(GrpcStatusOperator.Form.NUMBER);
      default -> throw new Unsupported("CAMEL_STRING, SNAKE_STRING or NUMBER");
    };
  }

  private static FormatOperator string(Function<StreamInfo, String> field) {
    return (info, out) -> {
      String value = field.apply(info);
      out.add(value);
      return !value.isEmpty();
    };
  }

  private static FormatOperator downstream(Function<TlsInfo, String> part) {
    return string(info -> info.downstreamTls == null ? "" : part.apply(info.downstreamTls));
  }

  private static FormatOperator upstream(Function<TlsInfo, String> part) {
    return string(info -> info.upstreamTls == null ? "" : part.apply(info.upstreamTls));
  }

  private static String joined(List<String> names) {
    return String.join(",", names);
  }

  private static FormatOperator firstOf(FormatOperator first, FormatOperator second) {
    return (info, out) -> first.write(info, out) || second.write(info, out);
  }

  private static FormatOperator millis(ToLongFunction<StreamInfo> end) {
    return between(info -> info.startNanos, end);
  }

  private static FormatOperator between(
      ToLongFunction<StreamInfo> start, ToLongFunction<StreamInfo> end) {
    return new FormatOperator() {
      @Override
      public boolean write(StreamInfo info, FormatOutput out) {
        long to = end.applyAsLong(info);
        long from = start.applyAsLong(info);
        if (to == 0 || from == 0) {
          return false;
        }
        out.addNumber(Math.max(0, to - from) / 1_000_000);
        return true;
      }

      @Override
      public boolean isNumber() {
        return true;
      }
    };
  }

  private static FormatOperator flags(boolean longNames) {
    return (info, out) -> {
      if (info.responseFlags == 0) {
        return false;
      }
      boolean first = true;
      for (ResponseFlag flag : FLAGS) {
        if (info.has(flag)) {
          if (!first) {
            out.addByte(',');
          }
          out.add(longNames ? flag.longName() : flag.shortName());
          first = false;
        }
      }
      return true;
    };
  }

  private static FormatOperator header(
      String parameter, Function<StreamInfo, @Nullable HeaderBlock> block, boolean withoutQuery)
      throws Unsupported {
    String[] names = parameter.split("\\?", -1);
    if (names.length > 2 || parameter.isEmpty()) {
      throw new Unsupported("one header name, or two as in X?Y");
    }
    HeaderName[] wanted = new HeaderName[names.length];
    for (int i = 0; i < names.length; i++) {
      if (!HeaderName.isValid(names[i])) {
        throw new Unsupported("a header name");
      }
      wanted[i] = HeaderName.of(names[i]);
    }
    return (info, out) -> {
      HeaderBlock headers = block.apply(info);
      if (headers == null) {
        return false;
      }
      for (HeaderName name : wanted) {
        int index = headers.find(name);
        if (index >= 0) {
          int start = headers.valueStart(index);
          int length = headers.valueLength(index);
          out.add(
              headers.array(),
              start,
              withoutQuery ? queryStart(headers.array(), start, length) : length);
          return true;
        }
      }
      return false;
    };
  }

  /** {@code WQ} or {@code NQ} for the query, then which path. */
  private static FormatOperator path(String parameter) throws Unsupported {
    String[] words = parameter.split(":", -1);
    boolean withoutQuery =
        switch (words[0]) {
          case "", "WQ" -> false;
          case "NQ" -> true;
          default -> throw new Unsupported("WQ or NQ, then ORIG, PATH or ORIG_OR_PATH");
        };
    String header =
        switch (words.length == 2 ? words[1] : words.length == 1 ? "" : "?") {
          case "", "ORIG_OR_PATH" -> "x-envoy-original-path?:path";
          case "ORIG" -> "x-envoy-original-path";
          case "PATH" -> ":path";
          default -> throw new Unsupported("WQ or NQ, then ORIG, PATH or ORIG_OR_PATH");
        };
    return header(header, info -> info.requestHeaders, withoutQuery);
  }

  private static FormatOperator environment(String name, Map<String, String> variables)
      throws Unsupported {
    if (name.isEmpty()) {
      throw new Unsupported("the name of a variable");
    }
    if (variables.isEmpty()) {
      throw new Unsupported("no variable of the environment in this place");
    }
    String value = variables.getOrDefault(name, "");
    return string(_ -> value);
  }

  private static int queryStart(byte[] bytes, int start, int length) {
    for (int i = 0; i < length; i++) {
      if (bytes[start + i] == '?') {
        return i;
      }
    }
    return length;
  }

  private enum Part {
    BOTH,
    HOST,
    PORT
  }

  private static FormatOperator address(
      Function<StreamInfo, @Nullable SocketAddress> field, Part part) {
    return (info, out) -> {
      SocketAddress address = field.apply(info);
      if (address == null) {
        return false;
      }
      if (!(address instanceof InetSocketAddress inet) || inet.getAddress() == null) {
        out.add(address.toString());
        return true;
      }
      byte[] ip = inet.getAddress().getAddress();
      if (part != Part.PORT) {
        if (ip.length == 4) {
          for (int i = 0; i < 4; i++) {
            if (i > 0) {
              out.addByte('.');
            }
            out.addNumber(ip[i] & 0xFF);
          }
        } else if (part == Part.BOTH) {
          out.addByte('[');
          out.add(inet.getAddress().getHostAddress());
          out.addByte(']');
        } else {
          out.add(inet.getAddress().getHostAddress());
        }
      }
      if (part == Part.BOTH) {
        out.addByte(':');
      }
      if (part != Part.HOST) {
        out.addNumber(inet.getPort());
      }
      return true;
    };
  }
}
