package io.meltemi.proxy.cluster;

import com.github.xds.data.orca.v3.OrcaLoadReport;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import java.util.Base64;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reports that hosts put into their responses: {@code endpoint-load-metrics-bin}, or {@code
 * endpoint-load-metrics} as {@code TEXT}, {@code JSON} or {@code BIN}. Hosts may write anything;
 * what cannot be read is no report. Any thread.
 */
final class LoadReportReader {
  private static final HeaderName BINARY = HeaderName.of("endpoint-load-metrics-bin");
  private static final HeaderName ANY = HeaderName.of("endpoint-load-metrics");
  private static final String NAMED = "named_metrics.";
  private static final String UTILIZATION = "utilization.";

  private LoadReportReader() {}

  /** The report of a response's head or trailers; null when there is none. */
  static @Nullable OrcaLoadReport read(HeaderBlock headers) {
    String binary = headers.get(BINARY);
    if (binary != null) {
      return binary(binary);
    }
    String text = headers.get(ANY);
    if (text == null) {
      return null;
    }
    int space = text.indexOf(' ');
    String rest = space < 0 ? "" : text.substring(space + 1).strip();
    return switch (space < 0 ? text : text.substring(0, space)) {
      case "BIN" -> binary(rest);
      case "JSON" -> json(rest);
      case "TEXT" -> pairs(rest);
      default -> null;
    };
  }

  private static @Nullable OrcaLoadReport binary(String text) {
    try {
      return OrcaLoadReport.parseFrom(Base64.getDecoder().decode(text));
    } catch (IllegalArgumentException | InvalidProtocolBufferException e) {
      return null;
    }
  }

  private static @Nullable OrcaLoadReport json(String text) {
    OrcaLoadReport.Builder report = OrcaLoadReport.newBuilder();
    try {
      JsonFormat.parser().merge(text, report);
    } catch (InvalidProtocolBufferException e) {
      return null;
    }
    return report.build();
  }

  private static @Nullable OrcaLoadReport pairs(String text) {
    OrcaLoadReport.Builder report = OrcaLoadReport.newBuilder();
    Set<String> names = new HashSet<>();
    for (String pair : text.split(",", -1)) {
      int equals = pair.indexOf('=');
      String name = equals < 0 ? "" : pair.substring(0, equals).strip();
      double value = equals < 0 ? Double.NaN : number(pair.substring(equals + 1).strip());
      if (!Double.isFinite(value) || !names.add(name) || !put(report, name, value)) {
        return null;
      }
    }
    return report.build();
  }

  private static double number(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  private static boolean put(OrcaLoadReport.Builder report, String name, double value) {
    switch (name) {
      case "cpu_utilization" -> report.setCpuUtilization(value);
      case "mem_utilization" -> report.setMemUtilization(value);
      case "application_utilization" -> report.setApplicationUtilization(value);
      case "rps_fractional" -> report.setRpsFractional(value);
      case "eps" -> report.setEps(value);
      default -> {
        if (name.startsWith(NAMED) && name.length() > NAMED.length()) {
          report.putNamedMetrics(name.substring(NAMED.length()), value);
        } else if (name.startsWith(UTILIZATION) && name.length() > UTILIZATION.length()) {
          report.putUtilization(name.substring(UTILIZATION.length()), value);
        } else {
          return false;
        }
      }
    }
    return true;
  }

  /**
   * The weight that a report gives its host: requests a second by how busy it is.
   *
   * @return 0 when it gives none
   */
  static int weight(OrcaLoadReport report, ClusterSettings.LoadReports settings) {
    double requests = report.getRpsFractional();
    double busy = report.getApplicationUtilization();
    if (!(busy > 0)) {
      busy = greatest(report, settings);
    }
    if (!(busy > 0)) {
      busy = report.getCpuUtilization();
    }
    if (!(requests > 0)) {
      return 0;
    }
    double penalty = settings.errorPenalty();
    if (penalty > 0 && report.getEps() > 0) {
      busy += report.getEps() / requests * penalty;
    }
    if (!(busy > 0)) {
      return 0;
    }
    double weight = requests / busy;
    return weight >= Integer.MAX_VALUE ? Integer.MAX_VALUE : (int) weight;
  }

  private static double greatest(OrcaLoadReport report, ClusterSettings.LoadReports settings) {
    double greatest = 0;
    for (String name : settings.metrics()) {
      double value =
          switch (name) {
            case "cpu_utilization" -> report.getCpuUtilization();
            case "mem_utilization" -> report.getMemUtilization();
            case "application_utilization" -> report.getApplicationUtilization();
            default ->
                Math.max(
                    of(report.getNamedMetricsMap(), name, NAMED),
                    of(report.getUtilizationMap(), name, UTILIZATION));
          };
      greatest = Math.max(greatest, value);
    }
    return greatest;
  }

  /** A value of a map; with a star for its name the greatest of them. */
  private static double of(Map<String, Double> values, String name, String prefix) {
    if (!name.startsWith(prefix)) {
      return 0;
    }
    String key = name.substring(prefix.length());
    double greatest = 0;
    if (key.equals("*")) {
      for (double value : values.values()) {
        greatest = Math.max(greatest, value);
      }
      return greatest;
    }
    return values.getOrDefault(key, 0.0);
  }
}
