#include "collector/session_reader.h"

namespace fdtrace {

void RingsReader::ReadAll(TracedImage& image) {
  if (TracedImage* const host = processes_.BySerial(image.host)) ReadAll(*host);
  if (!image.said_hello()) return;
  image.DrainWholly(parser_, sink_);
  const TracedImage::Lost lost = image.CountLost();
  model_.SetLost(image.serial(), lost.events, lost.stackless);
}

void RingsReader::ReadAllOfEverybody() {
  for (TracedImage* const image : processes_.All()) ReadAll(*image);
}

}  // namespace fdtrace
