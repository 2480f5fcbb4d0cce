# Seconds that farringtonFlexible of the R package surveillance takes for the last weeks of a panel.
# Rscript farrington.R COUNTS.csv FIRST_DAY WEEKS; a column a series, a row a week.
suppressMessages(library(surveillance))
given <- commandArgs(trailingOnly = TRUE)
counts <- as.matrix(read.csv(given[1], header = FALSE))
days <- as.Date(given[2]) + 7 * (seq_len(nrow(counts)) - 1)
began <- as.numeric(c(format(days[1], "%G"), as.integer(format(days[1], "%V"))))
panel <- sts(observed = counts, epoch = as.numeric(days), epochAsDate = TRUE, frequency = 52, start = began)
last <- as.integer(given[3])
control <- list(range = (nrow(counts) - last + 1):nrow(counts), b = 5, noPeriods = 10,
                thresholdMethod = "nbPlugin", alpha = 0.01, pThresholdTrend = 1, pastWeeksNotIncluded = 26)
took <- system.time(found <- suppressWarnings(farringtonFlexible(panel, control)))
cat(took[["elapsed"]], sum(alarms(found), na.rm = TRUE), "\n")
