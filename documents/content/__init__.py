"""What is read out of documents: text, thumbnails, previews; made beside the original, which is never altered."""
