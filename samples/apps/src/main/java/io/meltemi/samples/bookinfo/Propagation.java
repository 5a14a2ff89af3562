package io.meltemi.samples.bookinfo;

import com.sun.net.httpserver.Headers;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The request headers an app hands on from the call it serves to the calls it makes, so that traces
 * join up and rules on the user reach every hop.
 */
final class Propagation {
  /** The user a person signed in as; what the sample's header matches look at. */
  static final String END_USER = "end-user";

  private static final List<String> NAMES =
      List.of(
          "x-request-id",
          "traceparent",
          "tracestate",
          "baggage",
          "b3",
          "x-b3-traceid",
          "x-b3-spanid",
          "x-b3-parentspanid",
          "x-b3-sampled",
          "x-b3-flags",
          "x-ot-span-context",
          "x-cloud-trace-context",
          "grpc-trace-bin",
          "x-datadog-trace-id",
          "x-datadog-parent-id",
          "x-datadog-sampling-priority",
          "sw8",
          END_USER,
          "user-agent",
          "cookie",
          "authorization",
          "jwt");

  private Propagation() {}

  /** The headers to hand on, in lower case. */
  static Map<String, String> from(Headers request) {
    Map<String, String> headers = new LinkedHashMap<>();
    for (String name : NAMES) {
      List<String> values = request.get(name);
      if (values != null && !values.isEmpty()) {
        headers.put(name, String.join(name.equals("cookie") ? "; " : ",", values));
      }
    }
    return headers;
  }
}
