package io.meltemi.proxy.cluster;

import io.meltemi.common.net.Locality;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.telemetry.JsonText;
import java.net.InetSocketAddress;
import java.time.temporal.ChronoUnit;
import java.util.function.Consumer;

/**
 * What health checks find, a line of JSON each, as Envoy prints {@code
 * data.core.v3.HealthCheckEvent}. On the task loop of the checks.
 *
 * <p>Differs from Envoy: neither a bad answer's status nor metadata of the host is told.
 */
final class HealthEvents {
  /** Why a check has failed. */
  enum FailureType {
    ACTIVE,
    NETWORK,
    NETWORK_TIMEOUT
  }

  private final String cluster;
  private final HealthCheck check;
  private final Ticker ticker;

  HealthEvents(String cluster, HealthCheck check, Ticker ticker) {
    this.cluster = cluster;
    this.check = check;
    this.ticker = ticker;
  }

  void ejected(Host host, FailureType type) {
    write(host, "\"eject_unhealthy_event\":{\"failure_type\":\"" + type + "\"},", "", "");
  }

  void added(Host host, boolean first) {
    write(host, "\"add_healthy_event\":{\"first_check\":" + first + "},", "", "");
  }

  void passed(Host host) {
    if (check.log().successes()) {
      write(host, "", "", ",\"successful_health_check_event\":{}");
    }
  }

  void failed(Host host, FailureType type, boolean first) {
    if (first || check.log().failures()) {
      write(
          host,
          "",
          ",\"health_check_failure_event\":{\"failure_type\":\""
              + type
              + "\",\"first_check\":"
              + first
              + "}",
          "");
    }
  }

  void degraded(Host host, boolean degraded) {
    write(
        host,
        "",
        degraded ? ",\"degraded_healthy_host\":{}" : ",\"no_longer_degraded_host\":{}",
        "");
  }

  /** Fields in the order of their numbers. */
  private void write(Host host, String beforeTime, String afterTime, String last) {
    if (check.log().sinks().isEmpty()) {
      return;
    }
    StringBuilder line = new StringBuilder("{\"health_checker_type\":\"");
    line.append(
        switch (check.kind()) {
          case HealthCheck.Kind.Http _ -> "HTTP";
          case HealthCheck.Kind.Tcp _ -> "TCP";
          case HealthCheck.Kind.Grpc _ -> "GRPC";
        });
    line.append("\",\"host\":{");
    if (host.address() instanceof InetSocketAddress inet && inet.getAddress() != null) {
      line.append("\"socket_address\":{\"protocol\":\"TCP\",\"address\":\"");
      line.append(inet.getAddress().getHostAddress());
      line.append("\",\"port_value\":").append(inet.getPort());
      line.append(",\"resolver_name\":\"\",\"ipv4_compat\":false");
      line.append(",\"network_namespace_filepath\":\"\"}");
    } else {
      line.append("\"pipe\":{\"path\":");
      JsonText.quote(host.address().toString(), line);
      line.append(",\"mode\":0}");
    }
    line.append("},\"cluster_name\":");
    JsonText.quote(cluster, line);
    line.append(',').append(beforeTime).append("\"timestamp\":\"");
    line.append(ticker.now().truncatedTo(ChronoUnit.MILLIS)).append('"').append(afterTime);
    Locality locality = host.placement().locality();
    line.append(",\"locality\":{\"region\":");
    JsonText.quote(locality.region(), line);
    JsonText.quote(locality.zone(), line.append(",\"zone\":"));
    JsonText.quote(locality.subZone(), line.append(",\"sub_zone\":"));
    line.append('}').append(last).append('}');
    String text = line.toString();
    for (Consumer<String> sink : check.log().sinks()) {
      sink.accept(text);
    }
  }
}
