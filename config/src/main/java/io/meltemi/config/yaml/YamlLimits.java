package io.meltemi.config.yaml;

/**
 * Bounds on one text.
 *
 * @param charsMax length of the text
 * @param documentsMax documents in the text
 * @param nodesMax values of all documents, what an alias stands for counted every time
 * @param depthMax nesting, aliases followed
 */
public record YamlLimits(int charsMax, int documentsMax, int nodesMax, int depthMax) {
  public static final YamlLimits DEFAULT = new YamlLimits(16 << 20, 20_000, 4_000_000, 100);
}
