package io.meltemi.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the launcher in a checkout made of stubs: a JDK, a Maven and a jar that only say so. */
class LauncherTest {
  private static final String JAVA_STUB =
      """
      #!/bin/sh
      echo "pid $$"
      for word; do echo "java: $word"; done
      """;
  private static final String MAVEN_STUB =
      """
      #!/bin/sh
      echo "JAVA_HOME=$JAVA_HOME"
      [ -z "$BROKEN" ] || { echo "[ERROR] Main.java:1 broken"; exit 1; }
      mkdir -p cli/target/meltemi/lib && : > cli/target/meltemi/lib/meltemi-cli.jar
      """;

  @TempDir private Path directory = Path.of("");
  private Path launcher = Path.of("");

  private record Result(int code, String output) {}

  @BeforeEach
  void createCheckout() throws IOException {
    assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "no POSIX shell here");
    Path root = Path.of(System.getProperty("meltemi.root", ".."));
    launcher = directory.resolve("checkout/meltemi");
    Files.createDirectories(launcher.resolveSibling("cli/src/main/java"));
    Files.copy(root.resolve("meltemi"), launcher);
    Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.writeString(launcher.resolveSibling("pom.xml"), "");
    Files.writeString(launcher.resolveSibling("cli/pom.xml"), "");
    jdk("old", "17.0.2");
    jdk("new", "25.0.1");
    script("bin/mvn", MAVEN_STUB);
  }

  @Test
  void buildsOnceAndStartsWithTheArguments() throws Exception {
    Result first = run(Map.of(), "up", "a directory");
    assertEquals(0, first.code(), first.output());
    assertTrue(first.output().contains("meltemi: building with"), first.output());
    assertTrue(first.output().endsWith("java: up\njava: a directory\n"), first.output());
    Result second = run(Map.of("MELTEMI_JAVA_OPTS", "-Xmx1g -Da=b"), "version");
    assertTrue(!second.output().contains("building"), second.output());
    assertTrue(second.output().contains("java: -Xmx1g\njava: -Da=b\n"), second.output());
    assertTrue(second.output().contains("java: -XX:+UseSerialGC\n"), second.output());
  }

  @Test
  void proxyGetsAHeapAndAJarOfItsOwn() throws Exception {
    Result bare = run(Map.of(), "proxy", "-c", "x");
    assertTrue(bare.output().contains("java: -Xms8m\n"), bare.output());
    assertTrue(bare.output().contains("java: -jar\n"), bare.output());
    Path jar = launcher.resolveSibling("cli/target/meltemi/meltemi-proxy.jar");
    Files.writeString(jar, "");
    Files.writeString(jar.resolveSibling("meltemi-proxy.aot"), "");
    Result own = run(Map.of("MELTEMI_JAVA_OPTS", "-Xmx64m"), "proxy", "-c", "x");
    String expected =
        "java: -cp\njava: " + jar + "\njava: io.meltemi.cli.Main\njava: proxy\njava: -c\njava: x\n";
    assertTrue(own.output().endsWith(expected), own.output());
    assertTrue(!own.output().contains("-Xms8m"), own.output());
  }

  @Test
  void discoveryIsCompiledByC1UnlessToldOtherwise() throws Exception {
    Result usual = run(Map.of(), "discovery");
    assertTrue(usual.output().contains("java: -XX:TieredStopAtLevel=1\n"), usual.output());
    Result told = run(Map.of("MELTEMI_JAVA_OPTS", "-XX:TieredStopAtLevel=4"), "discovery");
    // the JVM takes the last
    assertTrue(
        told.output().indexOf("java: -XX:TieredStopAtLevel=4\n")
            > told.output().indexOf("java: -XX:TieredStopAtLevel=1\n"),
        told.output());
    assertTrue(!run(Map.of(), "up").output().contains("TieredStopAtLevel"));
  }

  @Test
  void newerSourceIsBuilt() throws Exception {
    run(Map.of(), "version");
    Path source = launcher.resolveSibling("cli/src/main/java/New.java");
    Files.writeString(source, "");
    Files.setLastModifiedTime(
        source, java.nio.file.attribute.FileTime.fromMillis(4_000_000_000_000L));
    assertTrue(run(Map.of(), "version").output().contains("building"));
    assertTrue(!run(Map.of("MELTEMI_NO_BUILD", "1"), "version").output().contains("building"));
  }

  @Test
  void brokenBuildShowsItsErrors() throws Exception {
    Result result = run(Map.of("BROKEN", "1"), "version");
    assertEquals(1, result.code());
    assertTrue(result.output().contains("Main.java:1 broken"), result.output());
    assertTrue(!result.output().contains("java: version"), result.output());
  }

  @Test
  void javaThatIsTooOldIsPassedOver() throws Exception {
    Map<String, String> environment =
        Map.of("MELTEMI_JAVA_HOME", directory.resolve("old").toString());
    Result result = run(environment, "--java-home");
    assertEquals(directory.resolve("new") + "\n", result.output());
  }

  @Test
  void worksThroughALinkFromAnywhereAndReplacesItself() throws Exception {
    Path link = Files.createSymbolicLink(directory.resolve("link"), launcher);
    run(Map.of(), "version");
    ProcessBuilder builder = builder(Map.of(), link.toString(), "version");
    builder.directory(Path.of("/").toFile());
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor());
    assertTrue(output.contains("pid " + process.pid() + "\n"), output);
  }

  private void jdk(String name, String version) throws IOException {
    Files.createDirectories(directory.resolve(name));
    Files.writeString(
        directory.resolve(name).resolve("release"),
        "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"%s\"\n".formatted(version));
    script(name + "/bin/java", JAVA_STUB);
  }

  private void script(String name, String text) throws IOException {
    Path file = directory.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Result run(Map<String, String> environment, String... arguments) throws Exception {
    String[] command = new String[arguments.length + 1];
    command[0] = launcher.toString();
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    Process process = builder(environment, command).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Result(process.waitFor(), output);
  }

  private ProcessBuilder builder(Map<String, String> environment, String... command) {
    ProcessBuilder builder = new ProcessBuilder(List.of(command)).redirectErrorStream(true);
    Map<String, String> variables = builder.environment();
    List.of("MELTEMI_JAVA_OPTS", "MELTEMI_NO_BUILD", "MELTEMI_JAVA_HOME", "JAVA_TOOL_OPTIONS")
        .forEach(variables::remove);
    variables.put("PATH", directory.resolve("bin") + ":/usr/bin:/bin");
    variables.put("JAVA_HOME", directory.resolve("new").toString());
    variables.put("MELTEMI_NO_TRAINING", "1");
    variables.putAll(environment);
    return builder;
  }
}
