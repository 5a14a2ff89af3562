package io.meltemi.testing;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/**
 * The folder of shared test inputs that lies beside the checkout ({@code ../shared}); it is never
 * part of the project.
 */
public final class SharedFiles {
  private SharedFiles() {}

  /**
   * A path below {@code ../shared}. Where it is absent the calling test is skipped with a printed
   * reason, and fails when the environment has {@code CI=true}.
   */
  public static Path require(String relative) {
    Path path =
        Path.of(System.getProperty("meltemi.shared", "../shared")).resolve(relative).normalize();
    if (!Files.exists(path)) {
      String reason = "shared test input is absent: " + path.toAbsolutePath();
      if ("true".equals(System.getenv("CI"))) {
        Assertions.fail(reason);
      }
      System.out.println("SKIPPED: " + reason);
      Assumptions.abort(reason);
    }
    return path;
  }
}
